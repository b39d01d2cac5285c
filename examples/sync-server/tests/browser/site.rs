//! A server as a process, and a browser on it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::club::PASSWORD;

/// A server that runs.
pub(crate) struct Site {
    child: Child,
    pub(crate) address: String,
    /// What is opened first, where there are no users.
    pub(crate) first: Option<String>,
}

/// How a browser looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
}

pub(crate) const DESKTOP: View = View { width: 1280, height: 1000, dark: false };
pub(crate) const PHONE: View = View { width: 360, height: 780, dark: false };
pub(crate) const WIDE: View = View { width: 3840, height: 2160, dark: false };
pub(crate) const DARK: View = View { width: 1280, height: 1000, dark: true };

/// A browser with a window, and what drives it.
pub(crate) struct Browser {
    _driver: Driver,
    pub(crate) client: Client,
    address: String,
}

/// What drives a browser, with what the browser keeps: both go with it.
struct Driver {
    process: Child,
    profile: PathBuf,
}

/// Says that something is left out, or fails where it must not be.
pub(crate) fn left_out(what: &str) {
    assert!(env::var_os("TRIPARTITE_BROWSER_REQUIRED").is_none(), "{what}");
    let _ = std::io::stderr().write_all(format!("SKIPPED: {what}\n").as_bytes());
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut all = env::split_paths(&path).flat_map(|dir| names.iter().map(move |name| dir.join(name)));
    all.find(|file| file.is_file())
}

/// The browser and its driver, where both are there.
fn programs() -> Option<(PathBuf, PathBuf)> {
    on_path(&["chromedriver"]).zip(on_path(&["chromium", "chromium-browser", "google-chrome"]))
}

/// Does something in a browser, where there is one.
pub(crate) fn in_browser<F: Future<Output = ()>>(test: &str, work: impl FnOnce() -> F) {
    if programs().is_none() {
        left_out(&format!("{test}: there is no chromium with its chromedriver"));
        return;
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work());
}

impl Site {
    /// A server with these options, besides the address.
    pub(crate) fn serve(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sync-server"))
            .args(args)
            .args(["--listen", "127.0.0.1:0", "--spacing", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next().unwrap().unwrap().strip_prefix("listening on ").unwrap().to_owned();
        let first = match args.contains(&"--users") {
            true => None,
            false => lines.next().unwrap().unwrap().split(' ').nth(1).map(str::to_owned),
        };
        #[expect(clippy::disallowed_methods, reason = "a process is read on a thread of its own")]
        let _ = std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, first }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    pub(crate) async fn open(site: &Site, view: View) -> Self {
        let (driver, browser) = programs().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let profile = env::temp_dir().join(format!("sync-server-browser-{}-{port}", std::process::id()));
        let mut command = Command::new(driver);
        command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = Driver { process: command.spawn().unwrap(), profile };
        let mut args = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--lang=en".to_owned(),
            format!("--user-data-dir={}", driver.profile.display()),
        ];
        // 0 is dark, and 1 is light.
        args.push(format!("--blink-settings=preferredColorScheme={}", u8::from(!view.dark)));
        let mut wanted = Capabilities::new();
        wanted.insert("goog:chromeOptions".to_owned(), json!({
            "args": args,
            "binary": browser,
            // A window is no narrower than 500 pixels, and a phone is.
            "mobileEmulation": {"deviceMetrics": {"width": view.width, "height": view.height, "pixelRatio": 1.0, "mobile": view.width < 600, "touch": false}},
        }));
        let address = format!("http://127.0.0.1:{port}");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted);
        for _ in 0..100 {
            if let Ok(client) = builder.connect(&address).await {
                return Self { _driver: driver, client, address: site.address.clone() };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no browser was opened within its time");
    }

    pub(crate) async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.address)).await.unwrap();
    }

    pub(crate) async fn enter(&self, site: &Site) {
        self.client.goto(site.first.as_ref().unwrap()).await.unwrap();
    }

    pub(crate) async fn log_in(&self, name: &str) {
        self.go("/login").await;
        self.type_into("#name", name).await;
        self.type_into("#password", PASSWORD).await;
        self.click("button.primary").await;
        self.wait_for("nav a[aria-current]").await;
    }

    pub(crate) async fn wait_for(&self, css: &str) {
        let found = self.client.wait().at_most(Duration::from_secs(30)).for_element(Locator::Css(css)).await;
        assert!(found.is_ok(), "{css} is not on {}", self.text().await);
    }

    /// A click as of a mouse: on what is in the way, it fails.
    pub(crate) async fn click(&self, css: &str) {
        self.wait_for(css).await;
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    pub(crate) async fn type_into(&self, css: &str, text: &str) {
        self.wait_for(css).await;
        let input = self.client.find(Locator::Css(css)).await.unwrap();
        input.clear().await.unwrap();
        input.send_keys(text).await.unwrap();
    }

    pub(crate) async fn text(&self) -> String {
        self.run("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Waits until the page says this.
    pub(crate) async fn says(&self, text: &str) {
        for _ in 0..150 {
            if self.text().await.contains(text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("`{text}` is not on {}", self.text().await);
    }

    /// Nothing of a page is cut off at the side.
    pub(crate) async fn fits(&self, path: &str) {
        let script = "return [document.documentElement.scrollWidth, window.innerWidth]";
        let widths = self.run(script).await;
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "{path}: {widths}");
    }

    /// Leaves a picture of the window.
    pub(crate) async fn picture(&self, name: &str) {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots");
        fs::create_dir_all(&target).unwrap();
        fs::write(target.join(format!("{name}.png")), self.client.screenshot().await.unwrap()).unwrap();
    }

    pub(crate) async fn close(self) {
        let _ = self.client.clone().close().await;
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}
