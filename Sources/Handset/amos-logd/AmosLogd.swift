import LinuxSystem
import Wire

/// The logger: takes what services print (pipes from PID 1) and what the kernel says, keeps it in a bounded
/// ring on `data`, and answers `amosctl log`.
///
///     amos-logd [--ready N] [--directory DIR] [--run DIR] [--size KIBIBYTES]
///
/// It must never block on a client, never grow without bound, and never make a service wait longer than it
/// takes to empty a pipe. Its own death, however sudden, loses no line and repeats none; a power cut loses at
/// most what came in the last second.
@main
enum AmosLogd {
    static func main() {
        var options = Options()
        guard options.parse(ProcessArguments.read()) else {
            complain("usage: amos-logd [--ready N] [--directory DIR] [--run DIR] [--size KIBIBYTES]", options)
            ChildProcess.exit(2)
        }
        do throws(SystemCallError) {
            // A descriptor for each service.
            ChildProcess.raiseDescriptorLimit()
            let logger = try Logger(options)
            try logger.run()
        } catch {
            complain(error.description, options)
            ChildProcess.exit(1)
        }
        ChildProcess.exit(0)
    }

    /// On a handset to the kernel's log, which needs no disk; elsewhere that log is somebody else's.
    static func complain(_ text: String, _ options: Options) {
        if options.isSystem, let stream = try? FileDescriptor.open("/dev/kmsg", .writeOnly) {
            try? stream.write(Array(("<3>amos-logd: " + text + "\n").utf8))
        } else {
            let stream = FileDescriptor(owning: 2)
            try? stream.write(Array(("<3>amos-logd: " + text + "\n").utf8))
            _ = stream.release()
        }
    }
}

struct Options {
    static let systemRunDirectory = "/run/amos"
    /// Eight segments that each hold at least two batches of records.
    static let smallestSize: UInt64 = 512 * 1024
    /// A ring of this size is searched in some seconds.
    static let largestSize: UInt64 = 1 << 30

    var directory = "/data/amos/log"
    var runDirectory = Options.systemRunDirectory
    /// Where to say that it is ready; −1: nowhere.
    var readyDescriptor: Int32 = -1
    /// Bytes on the disk. 2 MiB hold some 15,000 lines and are 0.1 % of the smallest `data`.
    var size: UInt64 = 2 << 20

    var isSystem: Bool { UTF8Text.equal(runDirectory, Self.systemRunDirectory) }

    mutating func parse(_ arguments: [String]) -> Bool {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { return false }
            if UTF8Text.equal(name, "--directory") {
                directory = value
            } else if UTF8Text.equal(name, "--run") {
                runDirectory = value
            } else if UTF8Text.equal(name, "--size"), let kibibytes = UInt32(value) {
                size = UInt64(kibibytes) * 1024
                guard size >= Self.smallestSize, size <= Self.largestSize else { return false }
            } else if UTF8Text.equal(name, "--ready"), let number = Int32(value), number > 2 {
                readyDescriptor = number
            } else {
                return false
            }
        }
        return true
    }
}
