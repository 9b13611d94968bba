//! The wire between the browser and the server, which a test can cut and mend.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

/// Passes connections on to a server for as long as it is whole. It ends when it is dropped.
pub(crate) struct Relay {
    url: Url,
    wire: watch::Sender<Wire>,
    _listener: AbortOnDropHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Whole,
    /// The server hears the browser, and the browser hears nothing.
    Mute,
    Cut,
}

impl Relay {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let (wire, watched) = watch::channel(Wire::Whole);
        let accept = async move {
            loop {
                let (browser, _) = listener.accept().await.expect("connections come in");
                if *watched.borrow() != Wire::Cut {
                    tokio::spawn(pass(browser, server, watched.clone()));
                }
            }
        };
        Self {
            url: format!("http://{address}").parse().expect("an address"),
            wire,
            _listener: AbortOnDropHandle::new(tokio::spawn(accept)),
        }
    }

    /// Where the browser finds the server.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Drops every connection, and every new one until it is mended.
    pub(crate) fn cut(&self) {
        self.wire.send_replace(Wire::Cut);
    }

    /// Holds back what the server says from now on.
    pub(crate) fn mute(&self) {
        self.wire.send_replace(Wire::Mute);
    }

    pub(crate) fn mend(&self) {
        self.wire.send_replace(Wire::Whole);
    }
}

async fn pass(mut browser: TcpStream, server: SocketAddr, mut wire: watch::Receiver<Wire>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_browser, mut to_browser) = browser.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        copy(&mut from_browser, &mut to_server).await?;
        to_server.shutdown().await
    };
    let mut speaks = wire.clone();
    let down = async {
        let mut bytes = [0; 16 * 1024];
        loop {
            let read = from_server.read(&mut bytes).await?;
            let spoken = speaks.wait_for(|wire| *wire == Wire::Whole).await;
            spoken.map_err(io::Error::other)?;
            if read == 0 {
                return to_browser.shutdown().await;
            }
            to_browser.write_all(&bytes[..read]).await?;
        }
    };
    tokio::select! {
        // Either side may end a connection as it likes.
        _ = async { tokio::try_join!(up, down) } => {}
        _ = wire.wait_for(|wire| *wire == Wire::Cut) => {}
    }
}
