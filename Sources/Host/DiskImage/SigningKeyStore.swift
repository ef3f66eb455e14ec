import Foundation
import HostSystem

/// The folder of an OEM's signing keys: one PEM file per key, readable by its owner only.
public struct SigningKeyStore: Sendable {
    /// What samples are signed with; generated on first use, and refused by release builds of `user` images.
    public static let developmentName = "development"

    public let folder: String

    public init(folder: String) { self.folder = folder }

    /// `$AMOS_KEYS`, or `~/.config/amos/keys`.
    public static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> SigningKeyStore {
        if let folder = environment["AMOS_KEYS"], !folder.isEmpty { return SigningKeyStore(folder: folder) }
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
        return SigningKeyStore(folder: home + "/.config/amos/keys")
    }

    public func file(of name: String) -> String { "\(folder)/\(name).pem" }

    /// Names, sorted.
    public func list() -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".pem") }.map { String($0.dropLast(4)) }.filter(Self.isName)
            .sorted()
    }

    public func load(_ name: String) throws(SigningKeyError) -> SigningKey {
        guard Self.isName(name) else { throw .badName(name) }
        let file = file(of: name)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .notFound(name: name, folder: folder, others: list()) }
            throw .system(SystemError("read the key", file))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(SystemError("read the key", file)) }
        guard status.st_mode & 0o077 == 0 else { throw .readableByOthers(file: file) }
        // Far more than a key's PEM has; a longer file is no key.
        var text = [UInt8](repeating: 0, count: 16_384)
        let count = read(descriptor, &text, text.count)
        guard count >= 0 else { throw .system(SystemError("read the key", file)) }
        return try SigningKey(pem: Array(text[0..<count]), file: file)
    }

    /// Makes a key; one that is there is never overwritten.
    public func create(_ name: String) throws(SigningKeyError) -> SigningKey {
        guard Self.isName(name) else { throw .badName(name) }
        let key = try SigningKey()
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .system(SystemError("create the folder", folder, code: EACCES))
        }
        try write(try key.pem(), name)
        return key
    }

    /// The development key, made on first use. Two first uses at the same time agree on one key.
    public func development() throws(SigningKeyError) -> SigningKey {
        do throws(SigningKeyError) {
            return try load(Self.developmentName)
        } catch {
            guard case .notFound = error else { throw error }
        }
        do throws(SigningKeyError) {
            return try create(Self.developmentName)
        } catch {
            guard case .alreadyThere = error else { throw error }
            return try load(Self.developmentName)
        }
    }

    /// A whole file appears under its name at once (`link`), or the name was taken.
    private func write(_ pem: [UInt8], _ name: String) throws(SigningKeyError) {
        let temporary = "\(folder)/.\(name).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(SystemError("create", temporary)) }
        defer {
            close(descriptor)
            unlink(temporary)
        }
        guard Foundation.write(descriptor, pem, pem.count) == pem.count, fsync(descriptor) == 0 else {
            throw .system(SystemError("write", temporary))
        }
        guard link(temporary, file(of: name)) == 0 else {
            if errno == EEXIST { throw .alreadyThere(name: name, file: file(of: name)) }
            throw .system(SystemError("create", file(of: name)))
        }
    }

    private static func isName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return !bytes.isEmpty && bytes.count <= 64 && bytes.first != UInt8(ascii: "-")
            && bytes.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
    }
}
