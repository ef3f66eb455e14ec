import Foundation

/// A caller that sends whatever it likes.
final class RawClient {
    let descriptor: Int32

    init(_ path: String, stream: Bool = false) {
        descriptor = socket(AF_UNIX, Int32((stream ? SOCK_STREAM : SOCK_SEQPACKET).rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
    }

    /// Sends one packet; its first answer, or nothing if the connection ended.
    func ask(_ packet: [UInt8]) throws -> [[UInt8]] {
        _ = packet.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        var answer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(descriptor, &answer, answer.count, 0)
        return count > 0 ? [Array(answer.prefix(count))] : []
    }

    func close() { _ = Glibc.close(descriptor) }
}
