import LinuxSystem
import Wire

/// /dev/kmsg: what the kernel says, and PID 1, which has no other log.
final class KernelLog {
    let descriptor: FileDescriptor
    /// The next message that has not been stored.
    var next: UInt64
    /// Messages from `next` on that an earlier logger had stored already.
    var repeatedRecords: UInt64 = 0
    var limit = RateLimit(linesPerSecond: linesPerSecond, burst: burst)

    /// As for a service that says nothing else, but that a whole boot passes.
    static let linesPerSecond: UInt32 = 200
    static let burst: UInt32 = 5_000
    static let name = Array("kernel".utf8)

    init(_ descriptor: consuming FileDescriptor, next: UInt64) {
        self.descriptor = descriptor
        self.next = next
    }
}

extension Logger {
    /// Messages per turn.
    private static let messageLimit = 256

    func takeKernelMessages() {
        guard let kernel else { return }
        progress.begin("kernel", bytes: 0, ring: ring)
        // The clock may have been set since: the messages' own time tells what it should have said.
        let offset = Self.clockOffset
        // One message per read(2). EPIPE: some were overwritten before they were read; the next read goes on.
        for _ in 0..<Self.messageLimit {
            guard let bytes = try? kernel.descriptor.read(upTo: 8192), let message = KernelMessage(bytes)
            else {
                break
            }
            guard message.sequence >= kernel.next else { continue }
            kernel.next = message.sequence + 1
            store(message, kernel, offset)
        }
        ring.write()
        progress.kernelReached(kernel.next)
        progress.rest(ring: ring)
        scheduleFlush()
    }

    private func store(_ message: KernelMessage, _ kernel: KernelLog, _ offset: Int64) {
        let now = Machine.bootTimeNanoseconds
        noteDropped(&kernel.limit, KernelLog.name, now)
        guard kernel.limit.admit(nanoseconds: now) else { return }
        guard kernel.repeatedRecords == 0 else {
            kernel.repeatedRecords -= 1
            return
        }
        var head = self.head(now)
        head.bootNanoseconds = message.bootNanoseconds
        head.unixNanoseconds = UInt64(max(0, Int64(clamping: message.bootNanoseconds) + offset))
        head.level = message.level
        head.facility = message.facility
        ring.append(head, service: KernelLog.name, text: LogText.clean(message.text[...]))
    }

    /// CLOCK_REALTIME minus CLOCK_BOOTTIME.
    static var clockOffset: Int64 {
        WallClock.unixNanoseconds &- Int64(clamping: Machine.bootTimeNanoseconds)
    }
}
