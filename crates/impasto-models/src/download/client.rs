//! One request with its redirects, over `ureq`.

use std::io::{self, Read};
use std::time::Duration;

use impasto::{Error, ErrorKind};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, http};

use super::{DownloadOptions, proxy};
use crate::{Address, Watch};

/// Most redirects that are followed.
const REDIRECTIONS: usize = 10;

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another attempt may succeed. Contains the reason.
    MayPass(String),
    /// The server cannot be found or reached. Another attempt may succeed if it was reachable a moment ago.
    Unreachable(Error),
    /// No other attempt will succeed.
    Final(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Final(error)
    }
}

/// A request for a file.
pub(super) struct Request<'a> {
    pub(super) address: &'a Address,
    /// How many bytes are there already.
    pub(super) from: u64,
    /// The server's identifier of the file that these bytes belong to.
    pub(super) validator: Option<String>,
    pub(super) options: &'a DownloadOptions,
}

/// The server's answer.
pub(super) struct Answer {
    /// The offset in the file at which the body begins.
    pub(super) from: u64,
    /// The length of the body.
    pub(super) length: Option<u64>,
    /// The server's identifier of the file.
    pub(super) validator: Option<String>,
    pub(super) body: Box<dyn Read>,
}

impl Request<'_> {
    /// Sends the request and follows redirects. Returns `None` if the server has nothing from that offset on (416).
    pub(super) fn send(&self, watch: &dyn Watch) -> Result<Option<Answer>, Failure> {
        let mut address = self.address.clone();
        for _ in 0..=REDIRECTIONS {
            self.check(&address)?;
            if watch.cancelled() {
                return Err(crate::cache::cancelled().into());
            }
            let response = self.ask(&address)?;
            let status = response.status().as_u16();
            match status {
                200 | 206 => return self.answer(response).map(Some),
                301 | 302 | 303 | 307 | 308 => {
                    let Some(location) = header(&response, "location") else {
                        return Err(refused("redirects without an address").into());
                    };
                    let next = address.join(&location)?;
                    if address.is_secure() && !next.is_secure() {
                        return Err(refused(&format!("redirects from https to http ({next}), which is not followed")).into());
                    }
                    address = next;
                }
                416 => return Ok(None),
                408 | 425 | 429 | 500..=599 => return Err(Failure::MayPass(format!("the server answers {status}"))),
                404 | 410 => return Err(refused(&format!("there is no such file (the server answers {status})")).into()),
                401 | 403 => {
                    let text = format!("the server denies access ({status}); download the file yourself and give its path");
                    return Err(refused(&text).into());
                }
                _ => return Err(refused(&format!("the server answers {status}")).into()),
            }
        }
        Err(refused(&format!("more than {REDIRECTIONS} redirects")).into())
    }

    /// Refuses `http` for other machines, unless the user allows it.
    fn check(&self, address: &Address) -> Result<(), Error> {
        if address.is_secure() || address.is_loopback() || self.options.allow_http {
            return Ok(());
        }
        let how = self.options.how_to_allow_http;
        let text = format!("{address} is not encrypted, and could be changed on the way; give an https address{how}");
        Err(Error::new(ErrorKind::InvalidArgument, text))
    }

    fn ask(&self, address: &Address) -> Result<http::Response<Body>, Failure> {
        let idle = Some(self.options.idle);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy::for_address(address)?)
            .timeout_resolve(idle)
            .timeout_connect(idle)
            .timeout_recv_response(idle)
            .timeout_per_read(idle)
            .tls_config(TlsConfig::builder().root_certs(roots()?).build())
            .user_agent(concat!("impasto/", env!("CARGO_PKG_VERSION")))
            .build();
        let mut request = Agent::new_with_config(config).get(address.to_string());
        if self.from > 0 {
            request = request.header("range", format!("bytes={}-", self.from));
            if let Some(validator) = &self.validator {
                request = request.header("if-range", validator);
            }
        }
        request.call().map_err(|error| failure(address, error, self.options.idle))
    }

    fn answer(&self, response: http::Response<Body>) -> Result<Answer, Failure> {
        if let Some(coding) = header(&response, "content-encoding").filter(|coding| coding != "identity") {
            return Err(refused(&format!("the server sent it compressed ({coding}), which was not requested")).into());
        }
        let length = header(&response, "content-length").and_then(|text| text.parse().ok());
        // Weak ETags (`W/…`) cannot be used for ranges.
        let validator =
            header(&response, "etag").filter(|tag| tag.starts_with('"')).or_else(|| header(&response, "last-modified"));
        let from = if response.status().as_u16() == 206 {
            let range = header(&response, "content-range").unwrap_or_default();
            let start = range.strip_prefix("bytes ").and_then(|range| range.split('-').next()?.parse().ok());
            if start != Some(self.from) {
                return Err(refused(&format!("the server sent a different part than requested ({range:?})")).into());
            }
            self.from
        } else {
            0
        };
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(Answer { from, length, validator, body: Box::new(body) })
    }
}

/// Mozilla's root certificates, or those in the file that `SSL_CERT_FILE` names.
fn roots() -> Result<RootCerts, Error> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) else { return Ok(RootCerts::WebPki) };
    let shown = path.to_string_lossy().into_owned();
    let pem = std::fs::read(&path).map_err(|e| Error::from(e).context(&shown).context("SSL_CERT_FILE"))?;
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        if let Ok(ureq::tls::PemItem::Certificate(certificate)) = item {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(Error::new(ErrorKind::Malformed, format!("SSL_CERT_FILE: {shown}: has no certificates")));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

fn header(response: &http::Response<Body>, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.trim().to_owned())
}

fn refused(text: &str) -> Error {
    Error::new(ErrorKind::Io, text)
}

/// Classifies the error of a request.
fn failure(address: &Address, error: ureq::Error, idle: Duration) -> Failure {
    let host = address.host();
    let unreachable = |why: String| Failure::Unreachable(refused(&why));
    match error {
        ureq::Error::Timeout(_) => Failure::MayPass(format!("{host} does not answer within {} s", seconds(idle))),
        ureq::Error::Io(e) if is_timeout(&e) => Failure::MayPass(format!("{host} does not answer within {} s", seconds(idle))),
        // This is how TLS failures are reported.
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::InvalidData => Failure::Final(refused(&untrusted(host, &e))),
        ureq::Error::Rustls(e) => Failure::Final(refused(&untrusted(host, &e))),
        ureq::Error::HostNotFound => unreachable(format!("{host} cannot be found; is this machine online?")),
        ureq::Error::ConnectionFailed => unreachable(format!("{host} cannot be reached; is this machine online?")),
        ureq::Error::Io(e) => unreachable(format!("{host} cannot be reached ({e}); is this machine online?")),
        ureq::Error::ConnectProxyFailed(why) => Failure::Final(refused(&format!("the proxy does not connect to {host}: {why}"))),
        other => Failure::Final(refused(&other.to_string())),
    }
}

fn untrusted(host: &str, error: &dyn std::fmt::Display) -> String {
    format!("{host} cannot be trusted: {error}. If your network uses its own certificates, name their file in SSL_CERT_FILE")
}

/// Whether reading failed because nothing arrived in time.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    matches!(inner, Some(ureq::Error::Timeout(_))) || matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// Seconds for messages, rounded to tenths.
pub(super) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}
