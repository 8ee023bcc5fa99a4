//! The real program in a virtual display, closed and opened again: the window comes back as it was.
//!
//! Without Xvfb the test says so and passes; `scripts/test` installs it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, Window,
};
use x11rb::rust_connection::RustConnection;

const PATIENCE: Duration = Duration::from_mins(1);

/// Ends its process when the test ends, whichever way.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn virtual_display() -> Option<(Running, String)> {
    let mut child = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    Some((Running(child), format!(":{}", line.trim())))
}

fn open_window(display: &str, home: &Path) -> Running {
    let program = Command::new(env!("CARGO_BIN_EXE_glassbox"))
        .args(["--device", "cpu"])
        .current_dir(home)
        .env("DISPLAY", display)
        .env("HOME", home)
        .env("XDG_DATA_HOME", home)
        .env_remove("WAYLAND_DISPLAY")
        .spawn();
    Running(program.unwrap())
}

#[track_caller]
fn wait_until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn find(connection: &RustConnection, root: Window) -> Option<Window> {
    let children = connection.query_tree(root).ok()?.reply().ok()?.children;
    children.into_iter().find(|&window| {
        let name = connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64).unwrap().reply();
        name.is_ok_and(|name| name.value == b"Glassbox")
    })
}

/// Position and size.
fn place(connection: &RustConnection, window: Window) -> Option<(i16, i16, u16, u16)> {
    let geometry = connection.get_geometry(window).ok()?.reply().ok()?;
    Some((geometry.x, geometry.y, geometry.width, geometry.height))
}

/// As the cross of a title bar does.
fn close(connection: &RustConnection, window: Window) {
    let atom = |name: &[u8]| connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
    let data = [atom(b"WM_DELETE_WINDOW"), x11rb::CURRENT_TIME, 0, 0, 0];
    let event = ClientMessageEvent::new(32, window, atom(b"WM_PROTOCOLS"), data);
    connection.send_event(false, window, EventMask::NO_EVENT, event).unwrap().check().unwrap();
}

#[test]
fn the_window_comes_back_where_it_was_left() {
    let Some((_display, display)) = virtual_display() else {
        eprintln!("no Xvfb here, so the window was not opened");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let (connection, number) = x11rb::connect(Some(&display)).unwrap();
    let root = connection.setup().roots[number].root;
    let mut program = open_window(&display, home.path());
    let window = wait_until("the window", || find(&connection, root));
    std::thread::sleep(Duration::from_secs(2));
    let wanted = ConfigureWindowAux::new().x(120).y(80).width(1100).height(720);
    connection.configure_window(window, &wanted).unwrap().check().unwrap();
    wait_until("the new place", || place(&connection, window).filter(|place| *place == (120, 80, 1100, 720)));
    std::thread::sleep(Duration::from_secs(1));
    close(&connection, window);
    wait_until("the end", || program.0.try_wait().unwrap());
    let _again = open_window(&display, home.path());
    let window = wait_until("the window again", || find(&connection, root));
    wait_until("its place", || place(&connection, window).filter(|place| *place == (120, 80, 1100, 720)));
}
