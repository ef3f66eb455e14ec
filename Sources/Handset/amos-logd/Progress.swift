import LinuxSystem
import Wire

/// The file in which the logger notes what it is about to do (`LogProgress`).
final class Progress {
    private let file: FileDescriptor
    private(set) var now: LogProgress
    /// What an earlier logger of this boot had under way, and how much of it had left its pipe.
    let interrupted: LogProgress?
    let interruptedConsumed: Int

    init(_ path: String, ring: LogRing) throws(SystemCallError) {
        file = try .open(path, [.readWrite, .create, .noFollow], permissions: 0o600)
        let bootID = Array((contents(of: "/proc/sys/kernel/random/boot_id", limit: 64) ?? []).prefix(36))
        let head = try file.read(LogProgress.size, at: 0)
        let size = Int(try file.size())
        if let before = try? LogProgress(decoding: head), before.bootID.elementsEqual(bootID) {
            interrupted = before
            interruptedConsumed = size - LogProgress.size
            now = before
        } else {
            interrupted = nil
            interruptedConsumed = 0
            now = LogProgress(bootID: bootID, boot: ring.lastBoot &+ 1)
        }
    }

    /// From here on these bytes, or kernel messages, become records.
    func begin(_ service: String, bytes: Int, ring: LogRing) {
        now.service = service
        now.byteCount = UInt32(clamping: bytes)
        now.firstRecord = ring.nextSequence
        save()
    }

    /// The boot's number was chosen without knowing the log on the disk.
    func number(after last: UInt32) { if now.boot <= last { now.boot = last &+ 1 } }

    func kernelReached(_ sequence: UInt64) { now.kernelSequence = sequence }

    /// Nothing is under way.
    func rest(ring: LogRing) { begin("", bytes: 0, ring: ring) }

    /// The bytes that `begin` spoke of leave the pipe.
    func consume(_ pipe: borrowing FileDescriptor, _ count: Int) {
        var done = 0
        while done < count {
            let offset = UInt64(LogProgress.size + done)
            if let moved = try? pipe.move(count - done, to: file, at: offset), moved > 0 {
                done += moved
            } else if let bytes = try? pipe.read(upTo: count - done), !bytes.isEmpty {
                // A file system that takes nothing from pipes.
                done += bytes.count
            } else {
                return
            }
        }
    }

    private func save() {
        // Without it (no memory for a tmpfs page), a death in just this moment repeats some lines.
        try? file.truncate(to: 0)
        try? file.write(now.encode(), at: 0)
    }
}
