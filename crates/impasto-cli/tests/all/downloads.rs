//! Models by name and pictures by web address, from a server on this machine.
#![cfg(feature = "download")]

#[path = "../../../impasto/tests/weights_support/bundle.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library's tests")]
mod bundle;
#[path = "../../../impasto-models/tests/support/server.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests of impasto-models")]
mod server;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::common::{Workshop, complaints, gradient, models, stderr};
use bundle::{OBJECT_GRAPH, PLAIN, Variable, value_key};
use flate2::write::GzEncoder;
use impasto::picture::{EncodeOptions, Format};
use impasto_models::hash;
use server::{Asked, Reply, Server};

/// The address in the article that made these networks known.
const ARTICLE: &str = "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2";

/// Returns a module in TensorFlow Hub's form, with the small random model of the tests: paths and contents.
fn module() -> Vec<(&'static str, Vec<u8>)> {
    let model = models::magenta();
    let mut variables = BTreeMap::new();
    let mut names = Vec::new();
    let arrays = model.networks().flat_map(|network| network.weights.iter());
    for (i, (name, tensor)) in arrays.enumerate() {
        let shape: Vec<i64> = tensor.shape().iter().map(|&n| n as i64).collect();
        variables.insert(value_key(&format!("variables/{i}")), Variable::floats(&shape, tensor.data(), 0));
        names.push((i.to_string(), name.to_owned()));
    }
    // As in the real module, the bundle's graph has no names; those in `saved_model.pb` are used.
    let keys: Vec<_> = variables.keys().map(|key| (key.clone(), "")).collect();
    variables.insert(OBJECT_GRAPH.into(), Variable::string(&bundle::object_graph(&keys), 0));
    let children: Vec<_> = names.iter().map(|(key, name)| (key.as_str(), name.as_str())).collect();
    let files = bundle::build(&variables, 1, PLAIN);
    vec![
        ("saved_model.pb", bundle::saved_model("variables", &children)),
        ("variables/variables.index", files.index.clone()),
        ("variables/variables.data-00000-of-00001", files.shards[0].clone()),
    ]
}

fn tar_gz(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for (path, content) in files {
        let mut header = [0; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, path.as_bytes());
        put(100, b"0000644\0");
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(148, b"        0");
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        gzip.write_all(&header).unwrap();
        gzip.write_all(content).unwrap();
        gzip.write_all(&vec![0; content.len().next_multiple_of(512) - content.len()]).unwrap();
    }
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap()
}

/// A workshop with a registry `registry.json`: the article's module from this mirror, with the hashes of these files.
fn workshop(mirror: &str, files: &[(&str, Vec<u8>)]) -> Workshop {
    let workshop = Workshop::new();
    let contains: Vec<_> = files
        .iter()
        .filter(|(path, _)| !path.contains("data"))
        .map(|(path, content)| format!(r#"{{"path":"{path}","sha256":"{}"}}"#, hash::of_bytes(content)))
        .collect();
    let registry = format!(
        r#"{{"version":1,"models":[{{"name":"hub","title":"a test","licence":"Apache-2.0","source":"here","addresses":["{ARTICLE}"],
        "files":[{{"name":"module.tar.gz","unpack":"tar.gz","mirrors":["{mirror}"]}}],"contains":[{}],
        "checksums":"The CRC-32C of every tensor"}}]}}"#,
        contains.join(",")
    );
    workshop.write("registry.json", registry.as_bytes());
    workshop
}

/// The program with a cache in the workshop, and without proxies.
fn command(workshop: &Workshop, arguments: &[&str]) -> Command {
    let mut command = workshop.impasto(arguments);
    command.env("IMPASTO_HOME", workshop.path("home"));
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "IMPASTO_OFFLINE", "IMPASTO_REGISTRY"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

fn run(workshop: &Workshop, arguments: &[&str]) -> Output {
    command(workshop, arguments).output().unwrap()
}

#[track_caller]
fn done(workshop: &Workshop, arguments: &[&str]) -> String {
    let output = run(workshop, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output)
}

#[track_caller]
fn fails(workshop: &Workshop, arguments: &[&str], code: i32, words: &[&str]) {
    assert_eq!(complaints(&run(workshop, arguments), code, words), [""; 0], "{arguments:?}");
}

const PAINT: [&str; 7] = ["stylize", "content.png", "-s", "style.png", "-o", "out.png", "--model"];

#[test]
fn the_articles_address_paints_the_modules_picture_and_then_offline() {
    let files = module();
    let archive = tar_gz(&files);
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/2?tf-hub-format=compressed" => Reply::redirect("/store/module"),
        "/store/module" => Reply { cut: 4_000_000, ..Reply::file(asked, &archive, "v1") },
        _ => Reply::new(404, ""),
    });
    let workshop = workshop(&server.address("/2?tf-hub-format=compressed"), &files);
    let paint = |more: &[&'static str]| [&PAINT[..], &[ARTICLE, "--registry", "registry.json"], more].concat();
    // Without a terminal, it cannot ask.
    fails(&workshop, &paint(&[]), 1, &[ARTICLE, "--yes", "Apache-2.0", "Apache-2.0", "SHA-256 of 2 of its files"]);
    fails(&workshop, &paint(&["--offline", "--yes"]), 1, &[ARTICLE, "--offline"]);
    assert!(server.asked().is_empty() && !workshop.path("out.png").exists());

    done(&workshop, &paint(&["--yes"]));
    let painted = std::fs::read(workshop.path("out.png")).unwrap();
    // The same module as a folder.
    for (path, content) in &files {
        let path = workshop.path("hub").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    done(&workshop, &["stylize", "content.png", "-s", "style.png", "-o", "folder.png", "--model", "hub/"]);
    assert_eq!(painted, std::fs::read(workshop.path("folder.png")).unwrap());
    assert!(server.asked().iter().any(|asked| asked.from == Some(4_000_000)), "nothing was continued: {:?}", server.asked());

    drop(server);
    let again = [&paint(&["--offline"])[..], &["--force"]].concat();
    done(&workshop, &again);
    assert_eq!(painted, std::fs::read(workshop.path("out.png")).unwrap());
    // By name, now also without the registry; and a picture is painted again with the model in the cache.
    std::fs::remove_dir_all(workshop.path("hub")).unwrap();
    done(&workshop, &[&PAINT[..], &["hub", "--offline", "--force"]].concat());
    done(&workshop, &["replay", "out.png", "-o", "again.png"]);
    assert_eq!(painted, std::fs::read(workshop.path("again.png")).unwrap());
    let said = done(&workshop, &["models", "list"]);
    assert!(said.contains("\nhub\n") && said.contains("Apache-2.0") && said.contains("magenta-tflite"), "{said}");
    let said = done(&workshop, &["models", "verify"]);
    assert!(said.contains("hub: intact. 2 of 3 files") && said.contains("CRC-32C"), "{said}");
    let said = done(&workshop, &["models", "info", "hub"]);
    assert!(said.contains("a test") && said.contains("else a picture in one piece"), "{said}");
}

#[test]
fn a_damaged_shard_is_refused() {
    let files = module();
    let mut damaged = files.clone();
    let shard = &mut damaged[2].1;
    let middle = shard.len() / 2;
    shard[middle] ^= 0x10;
    let archive = tar_gz(&damaged);
    let server = Server::start(move |asked| Reply::file(asked, &archive, "v1"));
    let workshop = workshop(&server.address("/module"), &files);
    let paint = [&PAINT[..], &[ARTICLE, "--registry", "registry.json", "--yes"]].concat();
    fails(&workshop, &paint, 1, &["hub: ", "not usable", "checksum"]);
    fails(&workshop, &["models", "pull", ARTICLE, "--registry", "registry.json"], 1, &["not usable", "checksum"]);
    assert!(!workshop.path("out.png").exists() && !workshop.path("home/cache/models/hub").exists());
}

#[test]
fn a_shard_that_is_damaged_later_is_found() {
    let files = module();
    let archive = tar_gz(&files);
    let server = Server::start(move |asked| Reply::file(asked, &archive, "v1"));
    let workshop = workshop(&server.address("/module"), &files);
    let said = done(&workshop, &["models", "pull", "hub", "--registry", "registry.json"]);
    assert!(said.contains("hub: downloaded") && said.contains("2 of 3 files"), "{said}");
    assert!(done(&workshop, &["models", "pull", "hub", "--registry", "registry.json"]).contains("already downloaded"));
    let shard = workshop.path("home/cache/models/hub/hub/variables/variables.data-00000-of-00001");
    let mut bytes = std::fs::read(&shard).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&shard, bytes).unwrap();
    fails(
        &workshop,
        &["models", "verify", "hub"],
        1,
        &["hub: variables/variables.data-00000-of-00001", "damaged", "models rm hub"],
    );
    fails(&workshop, &[&PAINT[..], &["hub"]].concat(), 1, &["checksum"]);
    done(&workshop, &["models", "rm", "hub"]);
    fails(&workshop, &["models", "rm", "hub"], 1, &["no downloaded model"]);
    fails(&workshop, &["models", "verify", "hub"], 1, &["no downloaded model"]);
}

#[test]
fn names_that_nobody_knows_and_broken_registries_are_told() {
    let workshop = Workshop::new();
    fails(&workshop, &["models", "pull", "nothing"], 1, &["nothing", "no model of this name", "magenta"]);
    fails(&workshop, &["models", "pull", "ftp://x/y"], 2, &["only http and https"]);
    fails(&workshop, &["models", "pull", "http://example.org/m.pth"], 1, &["not encrypted", "--allow-http"]);
    fails(&workshop, &["models", "pull", "magenta", "--offline"], 1, &["magenta", "offline"]);
    workshop.write("registry.json", b"{");
    fails(&workshop, &["models", "list", "--registry", "registry.json"], 1, &["registry.json", "not a registry"]);
    // What the registry says is printed without a download.
    let said = done(&workshop, &["models", "info", "magenta"]);
    assert!(said.contains("Apache-2.0") && said.contains("CRC-32C"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&done(&workshop, &["models", "list", "--json"])).unwrap();
    assert_eq!(json["published"][0]["name"], "magenta");
    assert_eq!(json["published"][0]["downloaded"], false);
}

#[test]
fn two_processes_download_once_and_a_killed_one_leaves_nothing_usable() {
    let files = module();
    let archive = tar_gz(&files);
    let server = Server::start(move |asked| {
        let slow = asked.path == "/slow" && asked.from.is_none();
        let pause = Some((1_000_000, if slow { Duration::from_secs(60) } else { Duration::from_millis(300) }));
        Reply { pause, ..Reply::file(asked, &archive, "v1") }
    });
    let both = workshop(&server.address("/fast"), &files);
    let pull = ["models", "pull", "hub", "--registry", "registry.json"];
    let children: Vec<_> = (0..2).map(|_| command(&both, &pull).spawn().unwrap()).collect();
    children.into_iter().for_each(|mut child| assert!(child.wait().unwrap().success()));
    assert_eq!(server.asked().len(), 1);

    let killed = workshop(&server.address("/slow"), &files);
    let part = killed.path("home/cache/models/.partial/hub/downloads/0-module.tar.gz.part");
    let mut child = command(&killed, &pull).spawn().unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(60);
    while !std::fs::metadata(&part).is_ok_and(|about| about.len() > 500_000) {
        assert!(std::time::Instant::now() < end, "nothing arrives");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let offline = [&PAINT[..], &["hub", "--registry", "registry.json", "--offline"]].concat();
    fails(&killed, &offline, 1, &["not on this machine"]);
    // The lock ended with the process, and the bytes that have arrived are used.
    done(&killed, &pull);
    assert!(server.asked().last().unwrap().from.is_some_and(|from| from > 500_000));
    done(&killed, &offline);
}

/// A small network of VGG's shape, as a PyTorch file.
fn small_vgg() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../impasto/tests/data/perceptual/small.pth");
    std::fs::read(path).unwrap()
}

#[test]
fn perceptual_networks_have_names_and_addresses() {
    let (network, model) = (small_vgg(), tar_gz(&module()));
    let sha256 = hash::of_bytes(&network);
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/vgg.pth" => Reply::file(asked, &network, "v"),
        "/hub.tar.gz" => Reply::file(asked, &model, "m"),
        _ => Reply::new(404, ""),
    });
    let workshop = Workshop::new();
    let registry = format!(
        r#"{{"version":1,"models":[
        {{"name":"eyes","title":"a test","licence":"MIT","source":"here","role":"perceptual",
          "files":[{{"name":"eyes.pth","mirrors":["{}"],"sha256":"{sha256}"}}]}},
        {{"name":"hand","title":"a test","licence":"MIT","source":"here",
          "files":[{{"name":"hand.tar.gz","unpack":"tar.gz","mirrors":["{}"]}}]}}]}}"#,
        server.address("/vgg.pth"),
        server.address("/hub.tar.gz")
    );
    workshop.write("registry.json", registry.as_bytes());
    let known = ["--registry", "registry.json"];
    let optimize = |network: &str, output: &str, more: &[&str]| {
        // No records: they name the network, which has another name each time.
        let quick = ["--size", "48", "--smallest-scale", "48", "--steps", "2", "--initial", "content", "--strip"];
        let layers = ["--content-layers", "relu2_1", "--style-layers", "relu1_1,relu2_1"];
        let line = [&["optimize", "content.png", "-s", "style.png", "-o", output, "--perceptual", network], &quick[..], &layers];
        done(&workshop, &[&line.concat()[..], &known, more].concat());
        std::fs::read(workshop.path(output)).unwrap()
    };
    // The role of a model is known before the download.
    fails(
        &workshop,
        &[&PAINT[..], &["eyes", "--yes"], &known].concat(),
        2,
        &["eyes", "perceptual network", "--perceptual", "hand"],
    );
    let line = ["styles", "learn", "style.png", "-o", "no.style", "--perceptual", "hand", "--yes"];
    fails(&workshop, &[&line[..], &known].concat(), 2, &["hand", "a model that paints", "--model", "eyes"]);
    let line = ["optimize", "content.png", "-s", "style.png", "-o", "no.png", "--perceptual", "eyes"];
    fails(&workshop, &[&line[..], &known].concat(), 1, &["eyes", "--yes", "SHA-256"]);
    assert!(server.asked().is_empty());
    let said = done(&workshop, &[&["models", "info", "eyes"], &known[..]].concat());
    assert!(said.contains("--perceptual"), "{said}");

    let named = optimize("eyes", "named.png", &["--yes"]);
    workshop.write("vgg.pth", &small_vgg());
    assert!(optimize("vgg.pth", "file.png", &[]) == named);
    assert!(optimize("eyes", "again.png", &["--offline"]) == named);
    assert_eq!(server.asked().len(), 1);
    let said = done(&workshop, &[&["models", "info", "eyes"], &known[..]].concat());
    assert!(said.contains("perceptual network") && said.contains("conv2_1") && said.contains("forged"), "{said}");
    assert!(done(&workshop, &["models", "verify", "eyes"]).contains("eyes: intact"));
    let json: serde_json::Value = serde_json::from_str(&done(&workshop, &["models", "list", "--json"])).unwrap();
    assert_eq!(json["downloaded"][0]["role"], "perceptual");
    // By name without the registry, too.
    fails(&workshop, &[&PAINT[..], &["eyes"]].concat(), 2, &["eyes", "perceptual network"]);

    // For an address that no registry knows, the role shows only after the download.
    let address = server.address("/vgg.pth");
    done(&workshop, &["models", "rm", "eyes"]);
    workshop.write("registry.json", br#"{"version":1,"models":[]}"#);
    assert!(optimize(&address, "address.png", &["--yes"]) == named);
    fails(&workshop, &[&PAINT[..], &[&address]].concat(), 2, &[&address, "perceptual network", "--perceptual"]);
    let line =
        ["optimize", "content.png", "-s", "style.png", "-o", "no.png", "--perceptual", &server.address("/hub.tar.gz"), "--yes"];
    fails(&workshop, &line, 2, &["hub.tar.gz", "a model that paints", "--model"]);
    assert!(!workshop.path("no.png").exists() && !workshop.path("out.png").exists());
}

#[test]
fn names_that_are_nearly_right_are_told() {
    let workshop = Workshop::new();
    for line in [&["models", "pull", "magneta"][..], &["models", "info", "magneta"], &[&PAINT[..], &["magneta"]].concat()] {
        fails(&workshop, line, 1, &["magneta", "did you mean magenta?"]);
    }
    // The article's address without its scheme.
    let bare = ARTICLE.strip_prefix("https://").unwrap();
    fails(&workshop, &[&PAINT[..], &[bare]].concat(), 1, &[bare, "--yes", "Apache-2.0"]);
}

#[test]
fn pictures_of_films_masks_and_records_have_web_addresses() {
    let png = |width| gradient(width, 40).encode(Format::Png, &EncodeOptions::default()).unwrap().bytes;
    let (style, other, mask) = (png(48), png(31), png(60));
    let local = [("style.png", style.clone()), ("other.png", other.clone()), ("mask.png", mask.clone())];
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/style.png" => Reply::file(asked, &style, "s"),
        "/other.png" => Reply::file(asked, &other, "o"),
        "/mask.png" => Reply::file(asked, &mask, "m"),
        _ => Reply::new(404, ""),
    });
    let workshop = Workshop::new();
    for (name, bytes) in &local {
        workshop.write(name, bytes);
    }
    std::fs::create_dir(workshop.path("frames")).unwrap();
    for number in 0..4 {
        workshop.save(&format!("frames/{number}.png"), &gradient(60, 40));
    }
    let film = |style: &str, change: &str, mask: &str, output: &str| {
        let change = format!("0:00.1={change}");
        let line =
            ["video", "frames", "-s", style, "--style-at", &change, "--mask", mask, "-o", output, "--model", "model.safetensors"];
        done(&workshop, &line);
        let mut frames: Vec<_> = std::fs::read_dir(workshop.path(output)).unwrap().map(|entry| entry.unwrap().path()).collect();
        frames.sort();
        frames.iter().map(|frame| std::fs::read(frame).unwrap()).collect::<Vec<_>>()
    };
    let [style, other, mask] = ["/style.png", "/other.png", "/mask.png"].map(|path| server.address(path));
    let expected = film("style.png", "other.png", "mask.png", "local/");
    assert_eq!(expected.len(), 4);
    assert!(film(&style, &other, &mask, "web/") == expected);
    assert_eq!(server.asked().len(), 3);

    let paint = |mask: &str, output: &str| {
        done(
            &workshop,
            &[
                &["stylize", "frames/0.png", "-s", "style.png", "--strip"],
                &["--mask", mask, "-o", output, "--model", "model.safetensors"][..],
            ]
            .concat(),
        );
        std::fs::read(workshop.path(output)).unwrap()
    };
    assert!(paint(&mask, "masked-web.png") == paint("mask.png", "masked.png"));
    // Errors name the address, not a temporary file that the user does not know.
    fails(&workshop, &[&PAINT[..], &["model.safetensors", "--mask", &mask, "--force"]].concat(), 1, &[&mask, "proportions"]);
    let gone = server.address("/gone.png");
    for line in [
        &["styles", "learn", &gone, "-o", "a.style"][..],
        &["replay", "masked.png", "--style", &gone],
        &["video", "frames", "-s", &gone, "-o", "gone/"],
        &["optimize", "content.png", "-s", "style.png", "-o", "no.png", "--initial", &gone],
    ] {
        fails(&workshop, line, 1, &["/gone.png", "no such file"]);
    }
}

#[test]
fn pictures_have_web_addresses() {
    let png = |width| gradient(width, 40).encode(Format::Png, &EncodeOptions::default()).unwrap().bytes;
    let (content, style) = (png(60), png(48));
    let (sent, seen) = (content.clone(), style.clone());
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/a/photo.png" => Reply::redirect("/b"),
        "/b" => Reply::file(asked, &sent, "c"),
        "/style.png" | "/style.png?id=5" => Reply::file(asked, &seen, "s"),
        "/page" => Reply::new(200, "<!doctype html><html>a page</html>"),
        _ => Reply::new(404, ""),
    });
    let workshop = Workshop::new();
    workshop.write("photo.png", &content);
    workshop.write("local.png", &style);
    let model = ["--model", "model.safetensors"];
    let paint = |content: &str, style: &str, more: &[&str]| {
        let line = [&["stylize", content, "-s", style], &model[..], more].concat();
        done(&workshop, &line)
    };
    let [photo, painting, query] = ["/a/photo.png", "/style.png", "/style.png?id=5"].map(|path| server.address(path));
    paint("photo.png", "local.png", &["-o", "expected.png", "--strip"]);
    let report = paint(&photo, &painting, &["-o", "web.png", "--strip", "--json"]);
    assert!(report.contains(&photo) && report.contains(&painting), "{report}");
    paint(&photo, &query, &["-o", "query.png", "--strip"]);
    paint(&photo, &format!("{painting}=2"), &["-o", "weight.png", "--strip"]);
    let expected = std::fs::read(workshop.path("expected.png")).unwrap();
    for name in ["web.png", "query.png", "weight.png"] {
        assert_eq!(std::fs::read(workshop.path(name)).unwrap(), expected, "{name}");
    }
    // Results in a folder and the record use the last name of the address.
    paint(&photo, &painting, &["-o", "results/"]);
    assert!(workshop.path("results/photo.png").is_file());
    done(&workshop, &["replay", "results/photo.png", "--style", "local.png", "--in", ".", "--model", "model.safetensors"]);
    assert!(workshop.path("results/photo-again.png").is_file());

    let fails_for = |content: &str, code, words: &[&str]| {
        let line = [&["stylize", content, "-s", "style.png", "-o", "no.png"], &model[..]].concat();
        fails(&workshop, &line, code, words);
    };
    fails_for(&server.address("/gone.png"), 1, &["/gone.png", "no such file"]);
    fails_for(&server.address("/page"), 1, &["/page", "is a web page, not a picture"]);
    fails_for("http://example.org/a.png", 1, &["not encrypted", "--allow-http"]);
    let large = [&["stylize", &photo, "-s", "style.png", "-o", "no.png", "--max-bytes", "100"], &model[..]].concat();
    fails(&workshop, &large, 1, &["over the limit of 100"]);
    assert!(!workshop.path("no.png").exists());
}
