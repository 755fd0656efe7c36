//! GitHub's API, as its public documents describe it, and what was asked of it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// How GitHub's API answers. Source: <https://docs.github.com/en/rest/commits/statuses>.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Status(u16, &'static str),
    Hangs,
    Closes,
}

/// GitHub's API, and what was asked of it.
pub struct Api {
    pub url: String,
    pub asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Api {
    /// Answers in this order; the last one for good.
    pub fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let (log, answers) = (asked.clone(), answers.to_vec());
        // It ends with the test's process.
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let answer = answers[number.min(answers.len() - 1)];
                // Whoever hangs up has its answer.
                let _ = serve(stream, answer, &log);
            }
        });
        Self { url, asked }
    }

    pub fn states(&self) -> Vec<(String, String, String)> {
        let text = |body: &Value, key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let asked = self.asked.lock().expect("a log");
        asked.iter().map(|(_, body)| (text(body, "state"), text(body, "context"), text(body, "description"))).collect()
    }
}

fn serve(mut stream: TcpStream, answer: Answer, log: &Mutex<Vec<(String, Value)>>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 65_536];
    let (head, body) = loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    log.lock().expect("a log").push((head, serde_json::from_str(&body).unwrap_or_default()));
    match answer {
        Answer::Status(code, headers) => write!(
            stream,
            "HTTP/1.1 {code} x\r\n{headers}content-type: application/json\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{{\"message\":\"m\"}}"
        ),
        Answer::Hangs => {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_mins(2));
                drop(stream);
            });
            Ok(())
        }
        Answer::Closes => Ok(()),
    }
}
