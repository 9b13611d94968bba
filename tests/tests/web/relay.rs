//! The wire between the browser and the server, which a test can cut and mend.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

/// Passes connections on to a server for as long as it is whole. It ends when it is dropped.
pub(crate) struct Relay {
    url: Url,
    whole: watch::Sender<bool>,
    _listener: AbortOnDropHandle<()>,
}

impl Relay {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let (whole, watched) = watch::channel(true);
        let accept = async move {
            loop {
                let (browser, _) = listener.accept().await.expect("connections come in");
                if *watched.borrow() {
                    tokio::spawn(pass(browser, server, watched.clone()));
                }
            }
        };
        Self {
            url: format!("http://{address}").parse().expect("an address"),
            whole,
            _listener: AbortOnDropHandle::new(tokio::spawn(accept)),
        }
    }

    /// Where the browser finds the server.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Drops every connection, and every new one until it is mended.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn pass(mut browser: TcpStream, server: SocketAddr, mut whole: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    tokio::select! {
        // Either side may end a connection as it likes.
        _ = copy_bidirectional(&mut browser, &mut server) => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
