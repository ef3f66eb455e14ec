import Foundation
import Testing

@testable import LinuxSystem

struct ServiceSocketTests {
    let folder = "/tmp/amos-\(UUID().uuidString.prefix(8))"

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func clean() { try? FileManager.default.removeItem(atPath: folder) }

    private func listen(
        _ path: String, _ kind: ServiceSocket.Kind = .stream
    ) throws(SystemCallError) -> FileDescriptor {
        try ServiceSocket.listen(at: path, kind, permissions: 0o640, userID: 0, groupID: 0, backlog: 5)
    }

    @Test(arguments: [ServiceSocket.Kind.stream, .datagram, .sequentialPackets])
    func anOldSocketIsReplacedAndTheModeIsRight(kind: ServiceSocket.Kind) throws {
        defer { clean() }
        let path = folder + "/socket"
        let first = try listen(path, kind)
        let second = try listen(path, kind)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o640)
        let isStream = kind != .datagram
        _ = shutdown(first.rawValue, Int32(SHUT_RDWR))
        let isListening = ServiceSocket.isListening(second)
        #expect(isListening == isStream)
    }

    @Test func anythingElseIsLeftAlone() throws {
        defer { clean() }
        let path = folder + "/file"
        #expect(FileManager.default.createFile(atPath: path, contents: Data("precious".utf8)))
        var code: Int32 = 0
        do throws(SystemCallError) { _ = try listen(path) } catch { code = error.code }
        #expect(code == EADDRINUSE)
        #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
    }

    @Test func aSocketThatWasShutDownIsFoundOut() throws {
        defer { clean() }
        let socket = try listen(folder + "/socket")
        let before = ServiceSocket.isListening(socket)
        let result = shutdown(socket.rawValue, Int32(SHUT_RDWR))
        let after = ServiceSocket.isListening(socket)
        #expect(before && result == 0 && !after)
    }

    @Test(arguments: [[127, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]] as [[UInt8]])
    func internetSocketsListen(address: [UInt8]) throws {
        // Port 0: the kernel chooses a free one.
        let stream = try ServiceSocket.listen(onInternet: address, port: 0, .stream, backlog: 5)
        let isListening = ServiceSocket.isListening(stream)
        #expect(isListening)
        let datagram = try ServiceSocket.listen(onInternet: address, port: 0, .datagram, backlog: 5)
        #expect(datagram.rawValue >= 0)
        #expect(throws: SystemCallError.self) {
            _ = try ServiceSocket.listen(onInternet: [1, 2, 3], port: 0, .stream, backlog: 5)
        }
    }

    @Test(arguments: [0, 1, 3, 16, 17, 40])
    func descriptorsOfANotificationAreKeptUpToTheLimitAndClosedWithIt(count: Int) throws {
        defer { clean() }
        let receiver = try LocalSocket(listeningAt: folder + "/notify", .datagrams, permissions: 0o600)
        let pipe = try LinuxSystem.Pipe()
        try sendDatagram(
            Array("FDSTORE=1".utf8), with: Array(repeating: pipe.writing.rawValue, count: count),
            to: folder + "/notify")
        let reading = pipe.takeReading()
        var packet = try receiver.receiveNotification(limit: 64)
        #expect(packet?.bytes == Array("FDSTORE=1".utf8))
        #expect(packet?.sender == getpid() && packet?.userID == getuid())
        #expect(packet?.descriptors.count == min(count, LocalSocket.descriptorLimit))
        #expect(packet?.isCut == (count > LocalSocket.descriptorLimit))
        if count > 0 {
            var code: Int32 = 0
            do throws(SystemCallError) { _ = try reading.read(upTo: 1) } catch { code = error.code }
            #expect(code == SystemCallError.wouldBlock)
        }
        packet = nil
        let atTheEnd = try reading.read(upTo: 1)
        #expect(atTheEnd.isEmpty)
        packet = try receiver.receiveNotification(limit: 64)
        #expect(packet == nil)
    }

    @Test func longNotificationsAreRefusedAndTheNextOnesArrive() throws {
        defer { clean() }
        let receiver = try LocalSocket(listeningAt: folder + "/notify", .datagrams, permissions: 0o600)
        let pipe = try LinuxSystem.Pipe()
        try sendDatagram(
            [UInt8](repeating: 65, count: 65), with: [pipe.writing.rawValue], to: folder + "/notify")
        try sendDatagram(Array("READY=1".utf8), with: [], to: folder + "/notify")
        let reading = pipe.takeReading()
        #expect(throws: SystemCallError.self) { _ = try receiver.receiveNotification(limit: 64) }
        let atTheEnd = try reading.read(upTo: 1)
        #expect(atTheEnd.isEmpty)
        #expect(try receiver.receiveNotification(limit: 64)?.bytes == Array("READY=1".utf8))
    }

    /// One datagram with descriptors, as sd_pid_notify_with_fds(3) sends it.
    private func sendDatagram(_ bytes: [UInt8], with descriptors: [Int32], to path: String) throws {
        let sender = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(sender) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        var control: [UInt8] = []
        if !descriptors.isEmpty {
            control.append(littleEndian: UInt64(16 + 4 * descriptors.count))
            control.append(littleEndian: Int32(SOL_SOCKET))
            control.append(littleEndian: Int32(1))  // SCM_RIGHTS
            for number in descriptors { control.append(littleEndian: number) }
        }
        var text = bytes
        let sent = text.withUnsafeMutableBytes { text in
            control.withUnsafeMutableBytes { control in
                withUnsafeMutablePointer(to: &name) { name in
                    var part = iovec(iov_base: text.baseAddress, iov_len: text.count)
                    return withUnsafeMutablePointer(to: &part) { part in
                        var message = msghdr()
                        message.msg_name = UnsafeMutableRawPointer(name)
                        message.msg_namelen = socklen_t(MemoryLayout<sockaddr_un>.size)
                        message.msg_iov = part
                        message.msg_iovlen = 1
                        message.msg_control = control.baseAddress
                        message.msg_controllen = control.count
                        return sendmsg(sender, &message, 0)
                    }
                }
            }
        }
        try #require(sent == bytes.count, "sendmsg: \(String(cString: strerror(errno)))")
    }
}
