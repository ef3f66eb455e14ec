import LinuxSystem
import Wire

/// Where the ring lives: on `data`, or in memory while `data` cannot be had.
final class Storage {
    struct Note {
        let lost: UInt32
        let text: String
    }

    /// In memory the log takes no more than this: the smallest device has 256 MiB.
    static let memorySize: UInt64 = 512 * 1024

    private(set) var ring: LogRing
    private let options: Options
    private var isInMemory = false
    private var isFailing = false
    private var nextComplaint: UInt64 = 0
    private var nextReturn: UInt64 = 0

    init(_ options: Options) throws(SystemCallError) {
        self.options = options
        do throws(SystemCallError) {
            ring = try Self.openRing(options)
        } catch {
            AmosLogd.complain(error.description + "; logging to memory until that works", options)
            let directory = options.runDirectory + "/log"
            try Directory.makeAll(directory)
            ring = try LogRing(in: directory, size: Self.memorySize)
            isInMemory = true
        }
    }

    private static func openRing(_ options: Options) throws(SystemCallError) -> LogRing {
        try Directory.makeAll(options.directory)
        return try LogRing(in: options.directory, size: options.size)
    }

    /// Tries `data` again, from time to time, and takes along what memory holds; whether that worked.
    func returnToDisk(_ now: UInt64, _ progress: Progress) -> Bool {
        guard isInMemory, now >= nextReturn else { return false }
        nextReturn = now + Logger.retryNanoseconds
        guard let disk = try? Self.openRing(options) else { return false }
        let boot = progress.now.boot
        progress.number(after: disk.lastBoot)
        var position = ring.oldest
        while let frame = ring.next(&position) {
            var head = frame.head
            if head.boot == boot { head.boot = progress.now.boot }
            let service = Array(ring.window[frame.service])
            disk.append(head, service: service, text: ring.window[frame.text])
        }
        disk.write()
        disk.synchronize()
        if disk.failure != nil { return false }
        ring = disk
        isInMemory = false
        return true
    }

    /// Complains when the disk begins to fail; what to note in the log when it is well again.
    func judge(_ now: UInt64) -> Note? {
        if let failure = ring.failure {
            if !isFailing, now >= nextComplaint {
                nextComplaint = now + Logger.complaintNanoseconds
                AmosLogd.complain(
                    failure.description + "; lines wait in memory until the disk takes them again", options)
            }
            isFailing = true
            return nil
        }
        let lost = ring.takeLost()
        guard isFailing || lost > 0 else { return nil }
        isFailing = false
        return Note(lost: lost, text: "the disk takes lines again; " + String(lost) + " were lost")
    }
}
