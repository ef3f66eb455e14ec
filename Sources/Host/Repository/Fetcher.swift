import Foundation
import HostSystem
import Trust

/// Brings files of a repository: from an http(s) server through `curl`, or from a folder.
public struct Fetcher: Sendable {
    public enum Answer: Sendable {
        case bytes([UInt8])
        case absent
        case failed(String)
    }

    /// Give up a transfer that is slower than this for `stallSeconds`: an attacker's endless trickle.
    static let minimumBytesPerSecond = 100
    static let stallSeconds = 30
    static let connectSeconds = 20

    private enum Base: Sendable {
        case folder(String)
        case server(String, curl: Tool)
    }

    private let base: Base

    /// - Parameter address: `http://…`, `https://…`, `file:///…` or the path of a folder.
    public init(_ address: String) throws(RepositoryError) {
        let trimmed = address.hasSuffix("/") ? String(address.dropLast()) : address
        if trimmed.hasPrefix("http://") || trimmed.hasPrefix("https://") {
            do throws(Tool.Failure) {
                base = .server(trimmed, curl: try Tool("curl", package: "curl"))
            } catch {
                throw .tool(error)
            }
        } else if trimmed.hasPrefix("file://") {
            guard let path = URL(string: trimmed)?.path, path.hasPrefix("/") else {
                throw .badAddress(address)
            }
            base = .folder(path)
        } else if trimmed.contains("://") || trimmed.isEmpty {
            throw .badAddress(address)
        } else {
            base = .folder(trimmed)
        }
    }

    /// The file of this name, if it is not longer than the limit. Names come from metadata: they never leave
    /// the folder.
    public func fetch(_ name: String, byteLimit: Int64) -> Answer {
        switch base {
        case .folder(let folder):
            guard !name.split(separator: "/").contains("..") else { return .absent }
            return Self.read("\(folder)/\(name)", byteLimit)
        case .server(let address, let curl):
            return Self.download("\(address)/\(Self.escaped(name))", byteLimit, curl)
        }
    }

    private static func read(_ path: String, _ byteLimit: Int64) -> Answer {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            return [ENOENT, ENOTDIR, ENAMETOOLONG].contains(errno)
                ? .absent : .failed(SystemError("read", path).description)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while Int64(bytes.count) <= byteLimit {
            let count = Foundation.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failed(SystemError("read", path).description) }
            guard count > 0 else { return .bytes(bytes) }
            bytes += piece[..<count]
        }
        return .failed("longer than \(byteLimit) bytes")
    }

    private static func download(_ address: String, _ byteLimit: Int64, _ curl: Tool) -> Answer {
        let arguments = [
            "--silent", "--show-error", "--location", "--max-redirs", "5", "--proto", "=http,https",
            "--path-as-is", "--globoff",
            "--connect-timeout", "\(connectSeconds)", "--speed-limit", "\(minimumBytesPerSecond)",
            "--speed-time", "\(stallSeconds)", "--write-out", "%{stderr}\n%{http_code}", "--", address,
        ]
        guard let output = try? curl.run(arguments, outputLimit: Int(clamping: min(byteLimit, .max - 1)) + 1)
        else {
            return .failed("curl could not be started")
        }
        let lines = output.errorText.split(separator: "\n")
        let status = lines.last.flatMap { Int($0) }
        if Int64(output.standardOutput.count) > byteLimit { return .failed("longer than \(byteLimit) bytes") }
        guard output.status == 0, let status else {
            return .failed(lines.first.map(String.init) ?? "curl ended with status \(output.status)")
        }
        switch status {
        case 200: return .bytes(output.standardOutput)
        // Storage services answer 403 for what is not there.
        case 403, 404: return .absent
        default: return .failed("the server answered \(status)")
        }
    }

    /// Role names arrive percent-encoded; a target's path is a URL's path already (specification 4.5), but
    /// for the characters that no URL has.
    private static func escaped(_ name: String) -> String {
        name.utf8.map { byte in
            let isPlain = byte > 0x20 && byte < 0x7f && !"\"<>\\^`{|}".utf8.contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : String(format: "%%%02X", byte)
        }.joined()
    }
}
