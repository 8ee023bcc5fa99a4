//! Parses the command line; opens the window, or runs without one.

fn main() -> std::process::ExitCode {
    glassbox::cli::main()
}
