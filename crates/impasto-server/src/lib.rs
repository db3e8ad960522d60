//! The server behind `impasto serve`: an HTTP API over the library, and a page that uses it.
//!
//! Everything that requests can name is in memory: uploads, styles and results are kept there for a while, within a
//! limit. Only films are kept in temporary files, under names that requests do not influence. Painting runs in separate
//! threads, a few pictures at a time. A limited number of requests may wait; the server refuses any beyond that.
//!
//! `routes/` has a file for each part of the API, and `state.rs` holds what they share. `request.rs` brings what
//! clients send into one form, and `work.rs` paints it.
#![forbid(unsafe_code)]

mod body;
mod budget;
mod cinema;
mod connections;
mod content;
mod films;
mod jobs;
mod kept;
mod metrics;
mod optimize;
mod options;
mod page;
mod painted;
mod preview;
mod problem;
mod request;
mod routes;
mod security;
mod served;
mod spool;
mod state;
mod store;
mod work;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use impasto::{Error, ErrorKind, Result};
pub use options::{Ffmpeg, ServerOptions};
pub use served::Served;
use state::State;
use tokio::net::TcpListener;

/// A server that is bound to its address and ready to serve.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
}

impl Server {
    /// Binds the address. If a request names no model, the first of `models` paints.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the address is not loopback and there is no token, if another option is
    /// invalid, or if there is no model or two have the same name; [`ErrorKind::Io`] if the address cannot be bound.
    pub async fn bind(models: Vec<Served>, options: ServerOptions) -> Result<Self> {
        options.check()?;
        let models = served::Models::new(models)?;
        let wanted = options.address;
        let listener = TcpListener::bind(wanted).await.map_err(|e| {
            let hint = match e.kind() {
                std::io::ErrorKind::AddrInUse => {
                    "; another program uses this port: choose another with --port, or 0 for any free one"
                }
                std::io::ErrorKind::PermissionDenied => {
                    "; ports below 1024 are reserved for the system: choose another with --port"
                }
                _ => "",
            };
            Error::new(ErrorKind::Io, format!("cannot listen on {wanted}: {e}{hint}")).with_source(e)
        })?;
        let address = listener.local_addr()?;
        Ok(Server { listener, address, state: Arc::new(State::new(models, options, address)?) })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes. Then it accepts no more connections, gives running requests
    /// [`ServerOptions::grace`] to finish, and cancels the rest.
    ///
    /// # Errors
    /// None at present. If a connection fails, only that connection ends.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<()> {
        let Server { listener, state, .. } = self;
        connections::serve(listener, &state, stop).await;
        Ok(())
    }
}

/// The OpenAPI document, as served at `/openapi.json`.
pub fn openapi() -> String {
    routes::openapi::document()
}
