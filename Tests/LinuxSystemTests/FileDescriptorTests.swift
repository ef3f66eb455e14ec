import Foundation
import LinuxSystem
import Testing

struct FileDescriptorTests {
    let path = NSTemporaryDirectory() + "amos-\(UUID().uuidString)"

    @Test func whatIsWrittenCanBeRead() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try FileDescriptor.open(path, [.readWrite, .create, .exclusive])
        try file.write(Array("hello world".utf8))
        try file.write(Array("W".utf8), at: 6)
        #expect(try file.read(100, at: 0) == Array("hello World".utf8))
        #expect(try file.size() == 11)
        #expect(try file.read(upTo: 10).isEmpty)
        try file.close()
    }

    @Test func readToEndHonoursItsLimit() throws {
        let zeroes = try FileDescriptor.open("/dev/zero")
        #expect(try zeroes.readToEnd(limit: 10_000).count == 10_000)
    }

    @Test func droppingClosesAndReleasingDoesNot() throws {
        var number: Int32 = -1
        do {
            let file = try FileDescriptor.open("/dev/null")
            number = file.release()
        }
        #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
        do { _ = FileDescriptor(owning: number) }
        #expect(throws: SystemCallError.self) { try FileDescriptor(owning: 1_000_000).close() }
    }

    @Test func errorsNameTheCallThePathAndTheReason() {
        let error = #expect(throws: SystemCallError.self) { _ = try FileDescriptor.open("/nowhere/at/all") }
        #expect(error?.code == SystemCallError.notFound)
        #expect(error?.description == "open /nowhere/at/all: No such file or directory")
    }
}
