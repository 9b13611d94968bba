//! The socket side of the scripted upstream: reads a request, plays a script.
//!
//! Owns HTTP/1.1 to the extent that a script needs it: one request a connection, chunked bodies,
//! one chunk a write, so that a script decides what arrives together.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use super::{Connection, RecordedRequest, Script, Stage, Step};

/// Takes connections until it is aborted, and with it whatever is still being played.
pub(super) async fn accept(listener: TcpListener, stage: Arc<Stage>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let stage = Arc::clone(&stage);
        connections.spawn(async move {
            // What a script wants to hear as separate packets must not be put together here.
            socket.set_nodelay(true)?;
            serve(socket, &stage).await
        });
        // Those that have ended are forgotten, or a long run would keep them all.
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(socket: TcpStream, stage: &Stage) -> io::Result<()> {
    let (mut reader, mut writer) = tokio::io::split(socket);
    let (state, connection) = watch::channel(Connection::Open);
    let request = read_request(&mut reader, connection).await?;
    stage.count.fetch_add(1, Ordering::Relaxed);
    let path = request.path.split('?').next().unwrap_or_default();
    let script = match (request.method.as_str(), path) {
        ("POST", "/api/v1/chat/completions" | "/api/v1/messages") => stage.script_for(request),
        ("GET", "/api/v1/models") => stage.script_for_list(request),
        ("GET", "/api/v1/key") => stage.script_for_key(),
        _ => Script::error(404, "Not Found"),
    };
    let played = tokio::select! {
        played = play(&script, &mut writer) => played.is_ok(),
        () = hung_up(&mut reader) => false,
    };
    state.send_replace(if played {
        Connection::Played
    } else {
        Connection::Abandoned
    });
    Ok(())
}

/// Returns when the client has closed its side. Whatever else it may send is ignored.
async fn hung_up(reader: &mut ReadHalf<TcpStream>) {
    let mut buffer = [0; 1024];
    while matches!(reader.read(&mut buffer).await, Ok(length) if length > 0) {}
}

async fn play(script: &Script, writer: &mut WriteHalf<TcpStream>) -> io::Result<()> {
    for step in &script.prelude {
        if matches!(step, Step::Cut) {
            return Ok(());
        }
        play_step(step, writer).await?;
    }
    let mut head = format!(
        "HTTP/1.1 {} Scripted\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n",
        script.status
    );
    for (name, value) in &script.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    writer.write_all(head.as_bytes()).await?;
    for step in &script.steps {
        if matches!(step, Step::Cut) {
            // The last chunk is missing, so the client knows that the body is not whole.
            return Ok(());
        }
        play_step(step, writer).await?;
    }
    writer.write_all(b"0\r\n\r\n").await?;
    writer.shutdown().await
}

async fn play_step(step: &Step, writer: &mut WriteHalf<TcpStream>) -> io::Result<()> {
    match step {
        Step::Bytes(bytes) => write_chunk(writer, bytes).await,
        Step::Sliced(bytes) => {
            for byte in bytes {
                write_chunk(writer, &[*byte]).await?;
                // Lets the client see this byte before the next is written.
                tokio::task::yield_now().await;
            }
            Ok(())
        }
        Step::Repeat { bytes, times } => {
            for _ in 0..*times {
                write_chunk(writer, bytes).await?;
            }
            Ok(())
        }
        Step::Wait(gate) => {
            gate.passed().await;
            Ok(())
        }
        Step::Pause(length) => {
            tokio::time::sleep(*length).await;
            Ok(())
        }
        Step::Silence => std::future::pending().await,
        Step::Forever { bytes, pause } => loop {
            write_chunk(writer, bytes).await?;
            if *pause > Duration::ZERO {
                tokio::time::sleep(*pause).await;
            }
        },
        Step::Cut => Ok(()),
    }
}

async fn write_chunk(writer: &mut WriteHalf<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    writer.write_all(&chunk).await
}

async fn read_request(
    reader: &mut ReadHalf<TcpStream>,
    connection: watch::Receiver<Connection>,
) -> io::Result<RecordedRequest> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        read_more(reader, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_length]).into_owned();
    let mut lines = head.lines();
    let mut request_line = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length
        .and_then(|(_, value)| value.parse::<usize>().ok())
        .unwrap_or(0);
    while bytes.len() < head_length + length {
        read_more(reader, &mut bytes).await?;
    }
    Ok(RecordedRequest {
        method: request_line.next().unwrap_or_default(),
        path: request_line.next().unwrap_or_default(),
        headers,
        body: serde_json::from_slice(&bytes[head_length..]).unwrap_or(Value::Null),
        connection,
    })
}

async fn read_more(reader: &mut ReadHalf<TcpStream>, bytes: &mut Vec<u8>) -> io::Result<()> {
    if reader.read_buf(bytes).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
