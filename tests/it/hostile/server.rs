//! A web server that does not do what it should, over real sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What is sent for a path.
pub enum Answer {
    /// A page of HTML.
    Page(&'static str),
    /// Status line and headers, and a body.
    With(&'static str, &'static str),
    /// A page of so many bytes.
    Large(usize),
    /// Exactly these bytes.
    Raw(&'static [u8]),
    /// Nothing, for as long as the server lives.
    Silence,
    /// The connection is closed at once.
    Close,
}

/// The server; it ends when this is dropped.
pub struct Server {
    pub port: u16,
    over: Arc<AtomicBool>,
}

impl Server {
    pub fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self::with_tls(None, answer)
    }

    pub fn with_tls(tls: Option<Arc<ServerConfig>>, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let over = Arc::new(AtomicBool::new(false));
        let (answer, ended) = (Arc::new(answer), Arc::clone(&over));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(socket), answer, ended, tls) = (socket, Arc::clone(&answer), Arc::clone(&ended), tls.clone())
                else {
                    continue;
                };
                // A client that goes away is none of the server's business.
                std::thread::spawn(move || serve(socket, tls, answer.as_ref(), &ended));
            }
        });
        Self { port, over }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(socket: TcpStream, tls: Option<Arc<ServerConfig>>, answer: &dyn Fn(&str) -> Answer, over: &AtomicBool) {
    let _ = socket.set_read_timeout(Some(Duration::from_secs(30)));
    let closer = socket.try_clone().expect("a socket");
    match tls {
        None => talk(socket, answer, over),
        Some(config) => {
            let Ok(connection) = ServerConnection::new(config) else { return };
            talk(StreamOwned::new(connection, socket), answer, over);
        }
    }
    let _ = closer.shutdown(Shutdown::Both);
}

fn talk(mut socket: impl Read + Write, answer: &dyn Fn(&str) -> Answer, over: &AtomicBool) {
    let mut request = Vec::new();
    let mut piece = [0_u8; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match socket.read(&mut piece) {
            Ok(count) if count > 0 => request.extend_from_slice(&piece[..count]),
            _ => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let page = |body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    };
    let _ = match answer(path) {
        Answer::Page(body) => socket.write_all(page(body).as_bytes()),
        Answer::With(head, body) => {
            let length = body.len();
            let head = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(body.as_bytes()))
        }
        Answer::Large(bytes) => large(&mut socket, bytes),
        Answer::Raw(bytes) => socket.write_all(bytes),
        Answer::Silence => {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        }
        Answer::Close => Ok(()),
    };
    let _ = socket.flush();
}

fn large(socket: &mut impl Write, bytes: usize) -> std::io::Result<()> {
    let line = format!("<p>{}</p>\n", "a".repeat(1016));
    write!(socket, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>Hello</h1>")?;
    for _ in 0..bytes / line.len() {
        socket.write_all(line.as_bytes())?;
    }
    Ok(())
}
