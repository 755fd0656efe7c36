//! What is seen while a run goes on: plain lines, or on a terminal a board at its foot under the lines that matter.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// Shows a run.
pub(super) struct Screen {
    live: Live,
    board: Option<Drawn>,
}

impl Screen {
    /// As much as was asked for, on what standard output is.
    pub(super) fn new(talk: Talk) -> Self {
        let on_terminal = Term::stdout().features().is_attended() && !talk.quiet;
        let detail = match (talk.quiet, talk.verbose, on_terminal) {
            (true, ..) => Detail::Silent,
            (false, true, _) => Detail::Looks,
            (false, false, true) => Detail::Alarms,
            (false, false, false) => Detail::Steps,
        };
        Self { live: Live::new(detail), board: on_terminal.then(|| Drawn::new(style())) }
    }

    /// One event more.
    pub(super) fn show(&mut self, history: &History, event: &Event) {
        let line = self.live.line(history, event);
        match &self.board {
            None => line.iter().for_each(|line| say(line)),
            Some(drawn) => drawn.show(Board::of(history), history.last.t, line.as_deref()),
        }
    }
}

/// The board on a terminal. It is gone when this is dropped.
struct Drawn {
    shown: Arc<Mutex<Shown>>,
    /// Dropped to end the ticker.
    stop: Option<Sender<()>>,
    ticker: Option<JoinHandle<()>>,
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

impl Drawn {
    fn new(style: Style) -> Self {
        let shown = Arc::new(Mutex::new(Shown {
            lines: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
            bars: Vec::new(),
            board: Board::default(),
            style,
            t: 0,
            since: Instant::now(),
        }));
        let (stop, stopped) = channel();
        let drawn = Arc::clone(&shown);
        let ticker = std::thread::spawn(move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                held(&drawn).draw();
            }
        });
        Self { shown, stop: Some(stop), ticker: Some(ticker) }
    }

    fn show(&self, board: Board, t: u64, line: Option<&str>) {
        let mut shown = held(&self.shown);
        (shown.board, shown.t, shown.since) = (board, t, Instant::now());
        if let Some(line) = line {
            // A terminal that went away is no reason to stop a run.
            let _ = shown.lines.println(line);
        }
        shown.draw();
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        self.stop.take();
        let _ = self.ticker.take().map(JoinHandle::join);
        let shown = held(&self.shown);
        shown.bars.iter().for_each(ProgressBar::finish_and_clear);
        let _ = shown.lines.clear();
    }
}

fn held(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shown {
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
