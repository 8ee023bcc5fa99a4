//! The real program in a virtual display: press Space, see the loss fall, pause, draw a digit with the mouse and see it
//! classified, take the picture of the README.
//!
//! The picture goes to `target/tmp`, and to `docs/screenshot.png` too with `GLASSBOX_UPDATE_SCREENSHOTS=1`. Without Xvfb
//! the test says so and passes; `scripts/test` installs it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, ImageFormat, InputFocus, Window};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

const SIZE: (u16, u16) = (1280, 800);
const PATIENCE: Duration = Duration::from_mins(2);
const KEY_PRESS: u8 = 2;
const KEY_RELEASE: u8 = 3;
const BUTTON_PRESS: u8 = 4;
const BUTTON_RELEASE: u8 = 5;
const MOTION: u8 = 6;
const SPACE: u32 = 0x20;
/// The tab "Drawing" and the pad under it, in the first layout at this size.
const DRAWING_TAB: (i16, i16) = (543, 327);
const PAD: (i16, i16) = (410, 456);
/// The bars of probabilities in the inspector.
const BARS: (std::ops::Range<u32>, std::ops::Range<u32>) = (985..1245, 240..450);

/// Ends its process when the test ends, whichever way.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A display that picks its own free number.
fn virtual_display() -> Option<(Running, String)> {
    let screen = format!("{}x{}x24", SIZE.0, SIZE.1);
    let mut child = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    Some((Running(child), format!(":{}", line.trim())))
}

struct Screen {
    connection: RustConnection,
    root: Window,
}

impl Screen {
    fn open(display: &str) -> Self {
        let (connection, number) = x11rb::connect(Some(display)).unwrap();
        let root = connection.setup().roots[number].root;
        Self { connection, root }
    }

    /// The window with this title, once it is there.
    fn window(&self, title: &str) -> Option<Window> {
        let children = self.connection.query_tree(self.root).unwrap().reply().unwrap().children;
        children.into_iter().find(|&window| {
            let name =
                self.connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64).unwrap().reply();
            name.is_ok_and(|name| name.value == title.as_bytes())
        })
    }

    /// There is no window manager here to do it.
    fn focus(&self, window: Window) {
        self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME).unwrap().check().unwrap();
    }

    fn press(&self, symbol: u32) {
        let setup = self.connection.setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let mapping = self.connection.get_keyboard_mapping(first, count).unwrap().reply().unwrap();
        let width = usize::from(mapping.keysyms_per_keycode);
        let place = mapping.keysyms.chunks(width).position(|symbols| symbols.first() == Some(&symbol)).unwrap();
        for kind in [KEY_PRESS, KEY_RELEASE] {
            self.connection
                .xtest_fake_input(kind, first + place as u8, 0, self.root, 0, 0, 0)
                .unwrap()
                .check()
                .unwrap();
            std::thread::sleep(Duration::from_millis(60));
        }
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) {
        self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0).unwrap().check().unwrap();
        std::thread::sleep(Duration::from_millis(40));
    }

    /// Presses at the first place, moves along the others, and lets go.
    fn drag(&self, places: &[(i16, i16)]) {
        self.fake(MOTION, 0, places[0]);
        self.fake(BUTTON_PRESS, 1, places[0]);
        for &place in places {
            self.fake(MOTION, 0, place);
        }
        self.fake(BUTTON_RELEASE, 1, places[places.len() - 1]);
    }

    fn picture(&self) -> image::RgbImage {
        let reply = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, SIZE.0, SIZE.1, u32::MAX)
            .unwrap()
            .reply()
            .unwrap();
        let rgb = reply.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        image::RgbImage::from_raw(u32::from(SIZE.0), u32::from(SIZE.1), rgb).unwrap()
    }
}

fn colours(picture: &image::RgbImage) -> usize {
    picture.pixels().map(|pixel| pixel.0).collect::<std::collections::HashSet<_>>().len()
}

/// Pixels of the first run's blue in the plot of the loss.
fn curve_pixels(picture: &image::RgbImage) -> usize {
    let plot = (370..640).flat_map(|x| (130..290).map(move |y| (x, y)));
    plot.filter(|&(x, y)| {
        let [red, _, blue] = picture.get_pixel(x, y).0;
        blue > red.saturating_add(100)
    })
    .count()
}

#[track_caller]
fn wait_until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The training loss of every step in the one run folder.
fn losses(runs: &Path) -> Vec<f64> {
    let Some(run) = fs::read_dir(runs).ok().and_then(|mut entries| entries.next()?.ok()) else { return Vec::new() };
    let text = fs::read_to_string(run.path().join("metrics.csv")).unwrap_or_default();
    text.lines()
        .filter(|line| line.contains(",train/loss,"))
        .filter_map(|line| line.rsplit(',').next()?.parse().ok())
        .collect()
}

#[test]
fn space_trains_and_pauses_in_the_real_window() {
    let Some((_display, display)) = virtual_display() else {
        eprintln!("no Xvfb here, so the window was not opened");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let screen = Screen::open(&display);
    let started = Instant::now();
    let program = Command::new(env!("CARGO_BIN_EXE_glassbox"))
        .args(["--fresh", "--device", "cpu", "--runs", runs.to_str().unwrap()])
        .env("DISPLAY", &display)
        .env_remove("WAYLAND_DISPLAY")
        .spawn()
        .unwrap();
    let _program = Running(program);
    let window = wait_until("the window", || screen.window("Glassbox"));
    wait_until("the first frame", || (colours(&screen.picture()) > 50).then_some(()));
    println!("first frame after {:.2?}", started.elapsed());
    screen.focus(window);
    std::thread::sleep(Duration::from_millis(500));

    let pressed = Instant::now();
    screen.press(SPACE);
    wait_until("a curve", || (curve_pixels(&screen.picture()) > 20).then_some(()));
    println!("first points of the curve after {:.2?}", pressed.elapsed());
    assert!(runs.is_dir(), "there is no run folder");
    // The speed of the machine decides how many steps that takes.
    wait_until("the loss to fall to a fifth", || has_learned(&losses(&runs)));
    screen.press(SPACE);
    let steps = wait_until("the pause to be saved", || settled(&runs));

    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(losses(&runs).len(), steps.len(), "it went on after the pause");
    draw_a_one(&screen);
    assert!(colours(&screen.picture()) > 200, "the window is empty");
}

/// Whether the mean of the last ten losses is a fifth of that of the first ten.
fn has_learned(losses: &[f64]) -> Option<()> {
    let (first, last) = (losses.get(..10)?, losses.get(losses.len() - 10..)?);
    let sum = |losses: &[f64]| losses.iter().sum::<f64>();
    (5.0 * sum(last) < sum(first)).then_some(())
}

/// The losses, once no more of them come: a step under way and what was not yet written take a moment after the key.
fn settled(runs: &Path) -> Option<Vec<f64>> {
    let before = losses(runs);
    std::thread::sleep(Duration::from_secs(1));
    let after = losses(runs);
    (after.len() > 30 && after.len() == before.len()).then_some(after)
}

/// Draws the digit that is a stroke, until the longest bar is that of the 1. A busy machine may not have shown the pad yet
/// when the first stroke comes; the same stroke once more changes nothing.
fn draw_a_one(screen: &Screen) {
    let stroke: Vec<(i16, i16)> = (-6..=6).map(|step| (PAD.0, PAD.1 + 9 * step)).collect();
    wait_until("the drawing to be taken for a 1", || {
        screen.drag(&[DRAWING_TAB]);
        std::thread::sleep(Duration::from_secs(1));
        screen.drag(&stroke);
        std::thread::sleep(Duration::from_secs(2));
        let picture = screen.picture();
        save(&picture);
        let bars: Vec<usize> = (0..10).map(|class| bar_pixels(&picture, class)).collect();
        let longest = bars.iter().max().copied().unwrap_or(0);
        (bars[1] == longest && longest > 500).then_some(())
    });
}

/// Pixels of a class's colour among the bars of the inspector.
fn bar_pixels(picture: &image::RgbImage, class: usize) -> usize {
    let [red, green, blue, _] = glassbox::ui::theme::class_colour(class).to_array();
    let bars = BARS.0.flat_map(|x| BARS.1.map(move |y| (x, y)));
    bars.filter(|&(x, y)| picture.get_pixel(x, y).0 == [red, green, blue]).count()
}

/// For people to look at, above all where the test fails.
fn save(picture: &image::RgbImage) {
    picture.save(Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshot.png")).unwrap();
    if std::env::var_os("GLASSBOX_UPDATE_SCREENSHOTS").is_some() {
        let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
        fs::create_dir_all(&docs).unwrap();
        picture.save(docs.join("screenshot.png")).unwrap();
    }
}
