import Foundation
import HostSystem

/// What the person's terminal can show. Everything here is silent or plain in a pipe.
enum Terminal {
    static let isOutput = isatty(STDOUT_FILENO) == 1
    static let isError = isatty(STDERR_FILENO) == 1
    static let isInteractive = isOutput && isatty(STDIN_FILENO) == 1

    /// https://no-color.org
    private static let wantsColour = ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    enum Style: String {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    static func styled(_ text: String, _ style: Style, on isTerminal: Bool = isOutput) -> String {
        isTerminal && wantsColour ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }

    static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// What was printed has arrived, or this throws: a full disk must not look like a short answer.
    static func finishOutput() throws(SystemError) {
        errno = 0
        guard fflush(nil) == 0 else {
            throw SystemError("write", "standard output", code: errno == 0 ? EIO : errno)
        }
    }

    /// A document: `print` would not say that nothing arrived, because this is larger than its buffer.
    static func write(_ document: [UInt8]) throws(SystemError) {
        var rest = document[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw SystemError("write", "standard output") }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    static func printError(_ text: String) {
        writeError(text + "\n")
    }

    /// Nobody may be listening (`2>&-`): then there is nobody to tell.
    static func writeError(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// 1536 → `1.5 KiB`.
    static func size(_ bytes: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0
            ? "\(bytes) B" : String(format: value < 10 ? "%.1f %@" : "%.0f %@", value, units[unit])
    }

    /// Columns padded to their widest cell; numbers go right.
    static func table(_ rows: [[String]], right: Set<Int> = []) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                if right.contains(column) { return padding + cell }
                return column == row.count - 1 ? cell : cell + padding
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
