import Foundation

/// A program that is run to its end, with the time and the memory that it took.
///
/// Linux counts what a process had before it became another program as that program's own peak. So a second
/// amos-bench, small because it has done nothing yet, starts the program and measures it.
struct MeasuredProcess {
    struct Outcome {
        let seconds: Double
        /// User and system time, children included that it waited for.
        let processorSeconds: Double
        /// Bytes, children included that it waited for.
        let peakMemory: UInt64
        let output: String
    }

    enum Failure: Error, CustomStringConvertible {
        case failed(command: String, message: String)

        var description: String {
            switch self {
            case .failed(let command, let message): "\(command) failed: \(message)"
            }
        }
    }

    /// The first argument of the second amos-bench.
    static let word = "--measure"

    var environment: [String: String] = [:]

    func run(_ program: String, _ arguments: [String]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [Self.word, program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        let errors = FileManager.default.temporaryDirectory
            .appendingPathComponent("amos-bench-\(getpid()).log")
        try Data().write(to: errors)
        defer { try? FileManager.default.removeItem(at: errors) }
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = text.split(separator: "\n")
        let fields = lines.last?.split(separator: " ") ?? []
        guard process.terminationStatus == 0, fields.count == 4, fields[0] == "measured",
            let seconds = Double(fields[1]), let processor = Double(fields[2]),
            let kibibytes = UInt64(fields[3])
        else {
            let message = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
            throw Failure.failed(
                command: ([program] + arguments).joined(separator: " "),
                message: message.isEmpty ? text : message)
        }
        return Outcome(
            seconds: seconds, processorSeconds: processor, peakMemory: kibibytes * 1024,
            output: lines.dropLast().joined(separator: "\n"))
    }

    /// What the second amos-bench does: runs the program, prints `measured SECONDS PROCESSOR-SECONDS
    /// KIBIBYTES` after its output, and ends with its status.
    static func measure(_ words: [String]) -> Int32 {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let start = now
        var child: pid_t = 0
        let code = posix_spawnp(&child, words[0], nil, nil, &pointers, environ)
        guard code == 0 else {
            printError("\(words[0]): \(String(cString: strerror(code)))")
            return 127
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
        let processor = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        print("\nmeasured \(now - start) \(processor) \(usage.ru_maxrss)")
        return status == 0 ? 0 : 1
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    static func printError(_ message: String) {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
    }

    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
