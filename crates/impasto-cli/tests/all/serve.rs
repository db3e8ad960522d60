//! `impasto serve` as a program: what it prints, how it ends, and what it refuses.
#![cfg(all(unix, feature = "serve"))]

use crate::common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use common::{Workshop, complaints, impasto};

/// Starts the server, and returns it and the address that it prints.
fn start(arguments: &[&str]) -> (Child, String) {
    let mut command = impasto();
    command.env_remove("IMPASTO_TOKEN").args(["serve", "--port", "0"]).args(arguments);
    started(command)
}

/// Does the same with a command.
fn started(mut command: Command) -> (Child, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix('/')).unwrap_or_else(|| panic!("{line:?}"));
    (child, address.to_owned())
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[test]
fn it_serves_until_ctrl_c() {
    for signal in ["-INT", "-TERM"] {
        let (child, address) = start(&[]);
        assert!(get(&address, "/healthz").ends_with("\r\n\r\nok\n"));
        assert!(get(&address, "/").contains("<title>Impasto</title>"));
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8_lossy(&output.stderr).trim()),
            (Some(0), "impasto: serving; press Ctrl-C to stop")
        );
        assert!(TcpStream::connect(&address).is_err());
    }
}

#[test]
fn what_cannot_be_served_is_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["--port", &port], 1, &["cannot listen", "--port"]),
        (&["--port", "99999"], 2, &["--port"]),
        (&["--bind", "0.0.0.0"], 1, &["token"]),
        (&["--bind", "0.0.0.0", "--token", "short"], 1, &["16 characters"]),
        (&["--bind", "203.0.113.7", "--token", "a-token-of-16-characters"], 1, &["cannot listen"]),
        (&["--bind", "everywhere"], 2, &["--bind"]),
        (&["--cors", "app.example"], 1, &["https://"]),
        (&["--jobs", "0"], 2, &["--jobs"]),
        (&["--max-body", "nothing"], 2, &["--max-body"]),
        (&["--model", "/nonexistent"], 1, &["/nonexistent"]),
        (&["--ffmpeg", "/nonexistent/ffmpeg"], 1, &["/nonexistent/ffmpeg", "not found"]),
        (&["--max-film", "0"], 2, &["--max-film"]),
        (&["--max-film-frames", "0"], 2, &["--max-film-frames"]),
    ];
    let mut failures = Vec::new();
    for (arguments, code, words) in cases {
        let output = impasto().env_remove("IMPASTO_TOKEN").arg("serve").args(*arguments).output().unwrap();
        let found = complaints(&output, *code, words);
        if !found.is_empty() {
            failures.push(format!("{arguments:?}: {found:#?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Posts a film with a style, waits for the job, and returns the result.
fn painted(address: &str, film: &[u8], style: &[u8]) -> Vec<u8> {
    let send = |head: &str, body: &[u8]| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{head} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len()).unwrap();
        write!(stream, "Content-Type: multipart/form-data; boundary=XyZ\r\n\r\n").unwrap();
        stream.write_all(body).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        (String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes[end + 4..].to_vec())
    };
    let mut form = Vec::new();
    for (name, bytes) in [("film", film), ("style", style)] {
        form.extend(format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").bytes());
        form.extend(bytes);
        form.extend(b"\r\n");
    }
    form.extend(b"--XyZ--\r\n");
    let (head, body) = send("POST /v1/films?steady=0.5", &form);
    let job = head.lines().find_map(|line| line.strip_prefix("location: "));
    let job = job.unwrap_or_else(|| panic!("{head} {}", String::from_utf8_lossy(&body)));
    let (_, events) = send(&format!("GET {job}/events"), b"");
    let events = String::from_utf8_lossy(&events).into_owned();
    assert!(events.contains("event: done"), "{events}");
    send(&format!("GET {job}/result"), b"").1
}

#[test]
fn films_are_painted_as_the_program_does() {
    use crate::video::{ffmpeg, has_ffmpeg, hashes, probe, tag};
    if !has_ffmpeg() {
        return;
    }
    let workshop = Workshop::with_native();
    ffmpeg(
        &workshop,
        "-f lavfi -i testsrc2=size=64x48:rate=25:duration=2.4 -f lavfi -i sine=duration=2.4 -c:v libx264 -pix_fmt yuv420p -c:a aac film.mp4",
    );
    let model = workshop.path("native.safetensors").display().to_string();
    let look = ["-s", "style.png", "--steady", "0.5", "--model", "native.safetensors"];
    let output = workshop.run(&[&["video", "film.mp4", "-o", "program.mp4"], &look[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", common::stderr(&output));
    // Films are in the temporary folder while the server paints them.
    let folder = tempfile::tempdir().unwrap();
    let serve = || {
        let mut command = impasto();
        command.env("TMPDIR", folder.path()).env_remove("IMPASTO_TOKEN").args(["serve", "--port", "0", "-q", "--model", &model]);
        started(command)
    };
    let (child, address) = serve();
    let read = |name: &str| std::fs::read(workshop.path(name)).unwrap();
    workshop.write("server.mp4", &painted(&address, &read("film.mp4"), &read("style.png")));
    assert_eq!(hashes(&workshop, "server.mp4").lines().count(), 60);
    assert_eq!(hashes(&workshop, "server.mp4"), hashes(&workshop, "program.mp4"));
    let facts = "stream=codec_name,r_frame_rate,duration,nb_frames";
    assert_eq!(probe(&workshop, "server.mp4", facts), probe(&workshop, "program.mp4", facts));
    // Both record the same, except for names, which the server does not know.
    let record = |film: &str| -> serde_json::Value {
        let mut record: serde_json::Value = serde_json::from_str(&tag(&workshop, film, "comment").unwrap()).unwrap();
        for part in ["/request/content/name", "/request/styles/0/style/name"] {
            *record.pointer_mut(part).unwrap() = "".into();
        }
        record
    };
    let own = record("server.mp4");
    let sha256 = |name: &str| impasto::request::sha256(&read(name));
    assert_eq!((&own["film"]["steady"], &own["film"]["size"]), (&0.5.into(), &"64x48".into()));
    assert_eq!(own["request"]["content"]["sha256"], sha256("film.mp4"));
    assert_eq!(own, record("program.mp4"));
    let said = workshop.run(&["replay", "server.mp4"]);
    assert_eq!(said.status.code(), Some(1));
    assert!(common::stderr(&said).contains("format_tags=comment"), "{}", common::stderr(&said));
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left(), 1);
    terminate(child);
    assert_eq!(left(), 0, "something is left in the temporary folder");
    // What a killed server leaves behind is removed by the next one.
    let (mut child, address) = serve();
    painted(&address, &read("film.mp4"), &read("style.png"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(left(), 1);
    let (child, _) = serve();
    assert_eq!(left(), 0, "a killed server's folder is still there");
    terminate(child);
    // Without ffmpeg, films are refused, and everything else works.
    let mut command = impasto();
    command.env("PATH", workshop.folder.path()).env_remove("IMPASTO_TOKEN").args(["serve", "--port", "0", "-q"]);
    let (child, address) = started(command);
    assert!(get(&address, "/v1/info").contains("\"available\":false"));
    terminate(child);
}

/// Ends the server, which must succeed.
fn terminate(mut child: Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_token_may_come_from_the_environment() {
    let mut command = impasto();
    command.env("IMPASTO_TOKEN", "a-token-of-16-characters").args(["serve", "--port", "0", "-q"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
    assert!(get(&address, "/v1/info").starts_with("HTTP/1.0 401"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn it_ends_well_whatever_is_asked() {
    // Without a request, and during one.
    for asks in [false, true] {
        let (child, address) = start(&["-q"]);
        let mut stream = TcpStream::connect(&address).unwrap();
        if asks {
            write!(stream, "POST /v1/contents HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\nx").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let asked = std::time::Instant::now();
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""), "{asks}");
        let took = asked.elapsed();
        assert!(took < std::time::Duration::from_millis(2500), "{asks}: {took:?}");
    }
    let (child, address) = start(&["-q", "--drain", "0"]);
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "POST /v1/contents HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\nx").unwrap();
    let asked = std::time::Instant::now();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert!(asked.elapsed() < std::time::Duration::from_secs(1), "{:?}", asked.elapsed());
}

#[test]
fn several_models_are_served_by_their_names() {
    let workshop = Workshop::new();
    let model = workshop.path("model.safetensors").display().to_string();
    let other = workshop.path("other one.safetensors").display().to_string();
    std::fs::copy(&model, &other).unwrap();
    let (mut child, address) = start(&["-q", "--also", &model, "--also", &other]);
    let models = get(&address, "/v1/models");
    let models: serde_json::Value = serde_json::from_str(&models[models.find("\r\n\r\n").unwrap()..]).unwrap();
    let names: Vec<_> = models["models"].as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["built-in", "model", "other one"]);
    child.kill().unwrap();
    child.wait().unwrap();
    // The built-in model may be the second one.
    let (mut child, address) = start(&["-q", "--model", &model, "--also", "built-in"]);
    let found = get(&address, "/v1/styles?model=built-in");
    assert!(found.starts_with("HTTP/1.0 200") && found.contains("starry"), "{found}");
    child.kill().unwrap();
    child.wait().unwrap();
    for (arguments, words) in [
        (&["--also", &model, "--also", &model][..], "two models are called \"model\""),
        (&["--also", "magneta"], "did you mean magenta?"),
        (&["--model", &model, "--model", &other], "give one with --model and the others with --also"),
        (&["--also", "vgg19"], "--perceptual"),
    ] {
        let output = impasto().args(["serve", "--port", "0"]).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words) && said.lines().count() == 1, "{arguments:?}: {said}");
    }
}

#[test]
fn nothing_of_a_request_reaches_a_file() {
    let mut command = impasto();
    command.env("TMPDIR", "/nonexistent").args(["serve", "--port", "0", "-q"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let body = r#"{"content": {"id": "demo"}, "styles": [{"name": "starry"}]}"#;
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!("Host: {address}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    write!(stream, "POST /v1/stylize HTTP/1.0\r\n{head}\r\n\r\n{body}").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&answer[..answer.len().min(300)]));
}

/// A form with a picture, a style and options.
fn form(workshop: &Workshop, options: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in
        [("content", "content.png"), ("style", "style.png")].map(|(n, f)| (n, std::fs::read(workshop.path(f)).unwrap()))
    {
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n");
        body.extend([head.as_bytes(), &bytes, b"\r\n"].concat());
    }
    body.extend(format!("--x\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{options}\r\n--x--\r\n").bytes());
    body
}

/// Returns the head and the body of the response to a request.
fn answer(address: &str, line: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{line} HTTP/1.0\r\nHost: {address}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let start = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    (String::from_utf8_lossy(&answer[..start]).into_owned(), answer[start..].to_vec())
}

/// The server records how it painted or optimized a picture, and the command line can replay it.
#[test]
fn its_pictures_are_replayed() {
    let workshop = Workshop::new();
    let (mut child, address) = start(&[]);
    let (_, painted) = answer(&address, "POST /v1/stylize", &form(&workshop, "{\"strength\": 0.7, \"size\": 40}"));
    let options = "{\"size\": 40, \"colors\": \"luminance\", \"format\": \"png\"}";
    let (job, _) = answer(&address, "POST /v1/optimize?steps=3&style_weight=8", &form(&workshop, options));
    let location = |line: &str| line.to_lowercase().strip_prefix("location: ").map(|path| path.trim().to_owned());
    let job = job.lines().find_map(location).unwrap_or_else(|| panic!("no job: {job}"));
    // The events end with the job.
    let (_, events) = answer(&address, &format!("GET {job}/events"), b"");
    let (_, optimized) = answer(&address, &format!("GET {job}/result"), b"");
    let _ = child.kill();
    let _ = child.wait();
    assert!(String::from_utf8_lossy(&events).contains("event: done"), "{}", String::from_utf8_lossy(&events));
    workshop.write("painted.png", &painted);
    workshop.write("optimized.png", &optimized);
    for name in ["painted.png", "optimized.png"] {
        let replay = ["replay", name, "--content", "content.png", "--style", "style.png", "-o", "again.png"];
        let again = workshop.run(&replay);
        assert!(common::stderr(&again).contains("the same picture"), "{name}: {}", common::stderr(&again));
        std::fs::remove_file(workshop.path("again.png")).unwrap();
    }
}
