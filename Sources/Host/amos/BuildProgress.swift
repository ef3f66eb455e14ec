import Assembly
import Foundation

/// Shows a build's steps as they happen: one line per step that ran, one live line for the step at work,
/// cached steps marked. In a pipe it stays quiet.
final class BuildProgress: BuildGraph.Observer {
    private let isLive = Terminal.isError
    private var shown = Date.distantPast
    private var steps = 0
    private var cached = 0

    /// The live line is redrawn at most this often: more flickers and costs time.
    private static let redrawSeconds = 0.05

    func began(step: String, reasons: [String]) {
        draw("\(step) …", force: true)
    }

    func progressed(step: String, detail: String, fraction: Double?) {
        let percent = fraction.map { String(format: " %3.0f %%", $0 * 100) } ?? ""
        draw("\(step)\(percent) \(detail)", force: false)
    }

    func ended(_ outcome: BuildGraph.Outcome) {
        steps += 1
        guard outcome.ran else {
            cached += 1
            draw(Terminal.styled("\(outcome.step) (cached)", .faint, on: true), force: false)
            return
        }
        guard isLive else { return }
        clear()
        let time = String(format: "%6.2f s", Double(outcome.milliseconds) / 1000)
        let mark = Terminal.styled("✓", .green, on: true)
        let duration = outcome.isFromCache ? "from the cache" : time
        Terminal.printError("\(mark) \(outcome.step)  \(Terminal.styled(duration, .faint, on: true))")
    }

    /// Removes the live line; cached steps are summed up.
    func finish() {
        guard isLive else { return }
        clear()
        if cached > 0 {
            Terminal.printError(
                Terminal.styled("  \(cached) of \(steps) steps were up to date", .faint, on: true))
        }
    }

    private func draw(_ text: String, force: Bool) {
        guard isLive, force || Date().timeIntervalSince(shown) > Self.redrawSeconds else { return }
        shown = Date()
        clear()
        Terminal.writeError("  \(text.prefix(max(Terminal.width - 4, 0)))")
    }

    private func clear() {
        Terminal.writeError("\r\u{1b}[K")
    }
}

/// The live line of a comparison, which takes a minute or two; a pipe stays quiet.
struct VerifyProgress {
    func show(_ text: String) {
        guard Terminal.isError else { return }
        Terminal.writeError("\r\u{1b}[K  \(text) …")
    }

    func finish() {
        guard Terminal.isError else { return }
        Terminal.writeError("\r\u{1b}[K")
    }
}
