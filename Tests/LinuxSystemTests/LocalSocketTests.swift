import Foundation
import Testing

@testable import LinuxSystem

struct LocalSocketTests {
    /// `struct cmsghdr` (u64 length, i32 level, i32 type) and its descriptors: what `sendmsg(2)` wants.
    private func rights(_ descriptors: [Int32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt64(16 + 4 * descriptors.count))
        bytes.append(littleEndian: Int32(SOL_SOCKET))
        bytes.append(littleEndian: Int32(1))  // SCM_RIGHTS
        for number in descriptors { bytes.append(littleEndian: number) }
        return bytes
    }

    private func send(_ text: [UInt8], with descriptors: [Int32], to socket: Int32) -> Int {
        var (text, control) = (text, rights(descriptors))
        return text.withUnsafeMutableBytes { text in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: text.baseAddress, iov_len: text.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return sendmsg(socket, &message, 0)
                }
            }
        }
    }

    /// PID 1 receives from everybody: what nobody asked for must not stay open.
    @Test(arguments: [1, 2, 8, 9])
    func allDescriptorsOfAPacketAreTakenOrClosed(count: Int) throws {
        let path = "/tmp/amos-\(UUID().uuidString.prefix(8)).sock"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let listener = try LocalSocket(listeningAt: path, .connections, permissions: 0o600)
        let caller = try LocalSocket(connectingTo: path)
        guard let accepted = listener.accept() else {
            Issue.record("nobody called")
            return
        }
        let receiver = LocalSocket(accepted)
        let pipe = try LinuxSystem.Pipe()
        let writing = Array(repeating: pipe.writing.rawValue, count: count)
        #expect(send([1, 2], with: writing, to: caller.descriptor.rawValue) == 2)
        let reading = pipe.takeReading()
        do {
            guard let packet = try receiver.receive(limit: 16) else {
                Issue.record("nothing was received")
                return
            }
            let bytes = packet.bytes
            #expect(bytes == [1, 2])
            // One came over and is still open: the pipe is not at its end.
            var code: Int32 = 0
            do throws(SystemCallError) { _ = try reading.read(upTo: 1) } catch { code = error.code }
            #expect(code == SystemCallError.wouldBlock)
            _ = packet.takePassed()
        }
        let atTheEnd = try reading.read(upTo: 1)
        #expect(atTheEnd.isEmpty)
    }
}
