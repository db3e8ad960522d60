//! `impasto serve`: an HTTP API over the library, and a page on it.
//!
//! Everything that a request can name is in memory: uploads, styles and results are kept there for a while, within a ceiling. Only films are kept in
//! temporary files, under names that no request has a part in. Painting runs on threads of its own, a few pictures at a time; what waits beyond that is turned away.
//!
//! `routes/` has a file for each part of the API, over what `state.rs` holds. `request.rs` brings what clients send to one form, `work.rs` paints it.
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

/// A server that has its address and is ready to serve.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
}

impl Server {
    /// Takes the address. Of the models, the first paints where a request names none.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the address is not loopback and there is no token, or if there is no model or two have one name;
    /// [`ErrorKind::Io`] if the address cannot be had.
    pub async fn bind(models: Vec<Served>, options: ServerOptions) -> Result<Self> {
        options.check()?;
        let models = served::Models::new(models)?;
        let wanted = options.address;
        let listener = TcpListener::bind(wanted).await.map_err(|e| {
            let hint = match e.kind() {
                std::io::ErrorKind::AddrInUse => "; something else serves there: choose another with --port, or 0 for any",
                std::io::ErrorKind::PermissionDenied => "; ports below 1024 are the system's: choose another with --port",
                _ => "",
            };
            Error::new(ErrorKind::Io, format!("cannot listen on {wanted}: {e}{hint}")).with_source(e)
        })?;
        let address = listener.local_addr()?;
        Ok(Server { listener, address, state: Arc::new(State::new(models, options, address)?) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done; then takes no more, gives what is being painted [`ServerOptions::grace`], and cancels what is left.
    ///
    /// # Errors
    /// None at present; connections that fail end alone.
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
