import LinuxSystem
import Wire

/// The logger: takes what services print (pipes from PID 1) and what the kernel says, keeps it in a bounded
/// ring on `data`, and answers `amosctl log`.
///
///     amos-logd [--ready N] [--directory DIR] [--run DIR]
///
/// It must never block on a client, never grow without bound, and never make a service wait longer than it
/// takes to empty a pipe. A power cut loses at most what came in the last second.
@main
enum AmosLogd {
    static func main() {
        var options = Options()
        guard options.parse(ProcessArguments.read()) else {
            complain("usage: amos-logd [--ready N] [--directory DIR] [--run DIR]")
            ChildProcess.exit(2)
        }
        do throws(SystemCallError) {
            let logger = try Logger(options)
            try logger.run()
        } catch {
            complain(error.description)
            ChildProcess.exit(1)
        }
    }

    static func complain(_ text: String) {
        guard let stream = try? FileDescriptor.open("/dev/kmsg", .writeOnly) else { return }
        try? stream.write(Array(("<3>amos-logd: " + text + "\n").utf8))
    }
}

struct Options {
    var directory = "/data/amos/log"
    var runDirectory = "/run/amos"
    /// Where to say that it is ready; −1: nowhere.
    var readyDescriptor: Int32 = -1

    mutating func parse(_ arguments: [String]) -> Bool {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { return false }
            if UTF8Text.equal(name, "--directory") {
                directory = value
            } else if UTF8Text.equal(name, "--run") {
                runDirectory = value
            } else if UTF8Text.equal(name, "--ready"), let number = Int32(value), number > 2 {
                readyDescriptor = number
            } else {
                return false
            }
        }
        return true
    }
}
