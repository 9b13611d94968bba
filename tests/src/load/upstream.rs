//! The upstream of the load: OpenRouter's stream at a steady pace, at the least cost.
//!
//! One thread, one write a token, connections kept alive. How many tokens and how fast is in the
//! question itself (`Wish`).

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    thread,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};

use super::wire::{Wish, write_token};

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const BEFORE: &[u8] = br#"data: {"id":"gen-1760000000-aBcDeFgHiJkLmNoPqRsT","provider":"Acme","model":"acme/m1","object":"chat.completion.chunk","created":1760000000,"choices":[{"index":0,"delta":{"role":"assistant","content":""#;
const AFTER: &[u8] =
    b"\"},\"finish_reason\":null,\"native_finish_reason\":null,\"logprobs\":null}]}\n\n";
const END: &str = concat!(
    r#"data: {"id":"gen-1760000000-aBcDeFgHiJkLmNoPqRsT","provider":"Acme","model":"acme/m1","object":"chat.completion.chunk","created":1760000000,"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop","native_finish_reason":"stop"}],"usage":{"prompt_tokens":22,"completion_tokens":100,"total_tokens":122,"cost":0.000171}}"#,
    "\n\ndata: [DONE]\n\n"
);

/// Starts it on a thread that lives as long as the process, and says where it listens.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime for the upstream")?;
    thread::Builder::new()
        .name("upstream".to_owned())
        .spawn(move || runtime.block_on(accept(listener)))?;
    Ok(address)
}

async fn accept(listener: std::net::TcpListener) {
    let listener = TcpListener::from_std(listener).expect("a runtime is there");
    while let Ok((socket, _)) = listener.accept().await {
        // A client that goes away ends its connection and nothing else.
        tokio::spawn(async move { serve(socket).await });
    }
}

async fn serve(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut received = Vec::with_capacity(2048);
    let mut out = Vec::with_capacity(1024);
    while let Some(wish) = read_wish(&mut socket, &mut received).await? {
        let start = Instant::now();
        out.extend_from_slice(HEAD);
        for number in 0..wish.tokens {
            if number > 0 && !wish.gap.is_zero() {
                sleep_until(start + wish.gap * number).await;
            }
            write_chunk(&mut out, |out| {
                out.extend_from_slice(BEFORE);
                write_token(out);
                out.extend_from_slice(AFTER);
            });
            socket.write_all(&out).await?;
            out.clear();
        }
        write_chunk(&mut out, |out| out.extend_from_slice(END.as_bytes()));
        out.extend_from_slice(b"0\r\n\r\n");
        socket.write_all(&out).await?;
        out.clear();
    }
    Ok(())
}

/// Writes a chunk whose size is known once it is there.
fn write_chunk(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(b"000\r\n");
    fill(out);
    let size = format!("{:03x}", out.len() - start - 5);
    out[start..start + 3].copy_from_slice(size.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Reads one request; `None` when the client has closed between two.
async fn read_wish(socket: &mut TcpStream, received: &mut Vec<u8>) -> io::Result<Option<Wish>> {
    received.clear();
    loop {
        if socket.read_buf(received).await? == 0 {
            return Ok(None);
        }
        let Some(head) = memchr::memmem::find(received, b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&received[..head]);
        let length = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse::<usize>().ok())
            .ok_or(io::ErrorKind::InvalidData)?;
        let body = head + 4;
        if received.len() >= body + length {
            let wish = Wish::find(&received[body..]);
            // What is no question of the load (a title, say) gets a word.
            return Ok(Some(wish.unwrap_or(Wish {
                tokens: 1,
                gap: std::time::Duration::ZERO,
            })));
        }
    }
}
