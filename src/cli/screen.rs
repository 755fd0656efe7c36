//! What is seen while a run goes on: plain lines, or on a terminal a board at its foot under the lines that matter.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::options::Talk;
use super::out::say;
use crate::history::History;
use crate::model::Event;
use crate::render::board::Board;
use crate::render::live::{Detail, Live};
use crate::render::public::Public;
use crate::render::style::Style;

/// Between events, the board is drawn anew so often: its seconds go on.
const TICK: Duration = Duration::from_millis(250);

/// What standard output is.
pub(super) fn style() -> Style {
    let terminal = Term::stdout();
    let width = terminal.size_checked().filter(|_| terminal.is_term()).map(|(_, columns)| usize::from(columns));
    // Knows NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
    Style { colour: console::colors_enabled(), width }
}

/// Shows a run. A thread of its own prints: a terminal that is not read must not hold the run up.
pub(super) struct Screen {
    live: Live,
    on_terminal: bool,
    is_public: bool,
    /// Made with the first event: a run keeps its plan.
    public: Option<Public>,
    printer: Printer,
}

impl Screen {
    /// As much as was asked for, on what standard output is.
    pub(super) fn new(talk: Talk) -> Self {
        let on_terminal = Term::stdout().features().is_attended() && !talk.quiet && !talk.public;
        let detail = match (talk.quiet, talk.verbose, on_terminal) {
            (true, ..) => Detail::Silent,
            (false, true, _) => Detail::Looks,
            (false, false, true) => Detail::Alarms,
            (false, false, false) => Detail::Steps,
        };
        Self {
            live: Live::new(detail),
            on_terminal,
            is_public: talk.public,
            public: None,
            printer: Printer::start(on_terminal.then(style)),
        }
    }

    /// One event more.
    pub(super) fn show(&mut self, history: &History, event: &Event) {
        let public = self.public.get_or_insert_with(|| Public::of_run(history, self.is_public));
        let line = self.live.line(history, event).map(|line| public.shown(line));
        // What moves is for people at a terminal, and no log.
        let board = self.on_terminal.then(|| (Board::of(history), history.last.t));
        if line.is_some() || board.is_some() {
            self.printer.print(Print { line, board });
        }
    }
}

/// What is to be printed after one event.
struct Print {
    line: Option<String>,
    board: Option<(Board, u64)>,
}

/// As much may wait to be printed; what comes on top is dropped, and that is said.
const WAITING_MAX: usize = 256;

/// The thread that prints. When this is dropped, what waits is printed and the board is gone.
struct Printer {
    /// Dropped to end the thread.
    tell: Option<SyncSender<Print>>,
    thread: Option<JoinHandle<()>>,
    dropped: usize,
}

impl Printer {
    fn start(board: Option<Style>) -> Self {
        let (tell, told) = sync_channel(WAITING_MAX);
        let thread = std::thread::spawn(move || match board {
            Some(style) => Shown::new(style).follow(&told),
            None => told.iter().for_each(|print| print.line.iter().for_each(|line| say(line))),
        });
        Self { tell: Some(tell), thread: Some(thread), dropped: 0 }
    }

    fn print(&mut self, mut print: Print) {
        let Some(tell) = &self.tell else { return };
        if self.dropped > 0 && print.line.is_some() {
            let dropped = format!("({} lines were left out: nobody read them)\n", self.dropped);
            print.line = print.line.map(|line| dropped + &line);
        }
        let has_line = print.line.is_some();
        match (tell.try_send(print), has_line) {
            (Ok(()), true) => self.dropped = 0,
            (Err(_), true) => self.dropped += 1,
            (_, false) => {}
        }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.tell.take();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Shown {
    lines: MultiProgress,
    bars: Vec<ProgressBar>,
    board: Board,
    style: Style,
    /// The time of the run at the last event, and when that was.
    t: u64,
    since: Instant,
}

impl Shown {
    fn new(style: Style) -> Self {
        Self {
            lines: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
            bars: Vec::new(),
            board: Board::default(),
            style,
            t: 0,
            since: Instant::now(),
        }
    }

    /// Draws what it is told, and anew between events, until nobody tells any more.
    fn follow(&mut self, told: &Receiver<Print>) {
        loop {
            match told.recv_timeout(TICK) {
                Ok(Print { line, board }) => {
                    if let Some((board, t)) = board {
                        (self.board, self.t, self.since) = (board, t, Instant::now());
                    }
                    // A terminal that went away is no reason to stop a run.
                    let _ = line.map(|line| self.lines.println(line));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.draw();
        }
        self.bars.iter().for_each(ProgressBar::finish_and_clear);
        let _ = self.lines.clear();
    }

    fn draw(&mut self) {
        let now = self.t + u64::try_from(self.since.elapsed().as_millis()).unwrap_or(0);
        // Asked each time: windows are made wider and narrower.
        let width = Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns));
        let lines = self.board.lines(now, width.saturating_sub(1), self.style);
        while self.bars.len() < lines.len() {
            let plain = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            self.bars.push(self.lines.add(ProgressBar::new_spinner().with_style(plain)));
        }
        for (bar, line) in self.bars.iter().zip(lines) {
            bar.set_message(line);
            bar.tick();
        }
    }
}
