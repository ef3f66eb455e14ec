import Glibc

/// A folder with files: the app's own data (`App.data`), or what came in its package (`App.files`).
///
///     try App.data.write("buy milk\n", to: "today.txt")
///     let text = try App.data.readText("today.txt")
///
/// A file that is written appears whole or not at all, whenever the power goes: an app needs no other care.
public struct Folder: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    /// An app that reads more at once means a stream.
    public static let standardLimit = 64 << 20

    /// - Parameter limit: of bytes; a longer file is an error.
    public func read(_ name: String, limit: Int = Folder.standardLimit) throws(FileError) -> [UInt8] {
        let file = file(name)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("read", file) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        // The kernel's own files do not tell their size, so nothing is taken from it.
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", file) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: piece[..<count])
            guard bytes.count <= limit else { throw FileError("read", file, code: EFBIG) }
        }
    }

    /// What is not UTF-8 becomes U+FFFD.
    public func readText(_ name: String, limit: Int = Folder.standardLimit) throws(FileError) -> String {
        String(decoding: try read(name, limit: limit), as: UTF8.self)
    }

    /// Replaces the file, or makes it; its folder must be there. Returns when the bytes are on the disk.
    public func write(_ bytes: [UInt8], to name: String) throws(FileError) {
        let file = file(name)
        // Beside it, so that one rename puts it in place. Two writers of one file take turns by themselves.
        let partial = file + ".partial"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("write", file) }
        var code: Int32 = Descriptor.write(bytes, to: descriptor) ? 0 : errno
        if code == 0, fsync(descriptor) != 0 { code = errno }
        close(descriptor)
        if code == 0, rename(partial, file) != 0 { code = errno }
        guard code == 0 else {
            unlink(partial)
            throw FileError("write", file, code: code)
        }
        // The new name must be on the disk as well.
        let folder = open(Path.folder(of: file), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileError("write", file) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw FileError("write", file) }
    }

    public func write(_ text: String, to name: String) throws(FileError) {
        try write(Array(text.utf8), to: name)
    }

    /// That it was not there is no error.
    public func remove(_ name: String) throws(FileError) {
        let file = file(name)
        guard unlink(file) == 0 || errno == ENOENT else { throw FileError("remove", file) }
    }

    /// Makes a folder below, and those above it, unless they are there.
    public func makeFolder(_ name: String) throws(FileError) {
        var made: [UInt8] = Array(path.utf8)
        for part in name.utf8.split(separator: UInt8(ascii: "/")) {
            made.append(UInt8(ascii: "/"))
            made.append(contentsOf: part)
            let folder = String(decoding: made, as: UTF8.self)
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw FileError("make", folder) }
        }
    }

    public func contains(_ name: String) -> Bool { access(file(name), F_OK) == 0 }

    /// Of everything in it, sorted by bytes.
    public func names() throws(FileError) -> [String] {
        guard let stream = opendir(path) else { throw FileError("list", path) }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.utf8.elementsEqual(".".utf8), !name.utf8.elementsEqual("..".utf8) { names.append(name) }
        }
        guard errno == 0 else { throw FileError("list", path) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func file(_ name: String) -> String { path + "/" + name }
}

/// What the system refused, and why.
public struct FileError: Error, Equatable, CustomStringConvertible {
    /// `read`, `write` …
    public let operation: String
    public let path: String
    /// errno(3).
    public let code: Int32

    /// The usual case that is no mistake: there is no such file yet.
    public var isMissing: Bool { code == ENOENT }

    public init(_ operation: String, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// `cannot read /…/today.txt: No such file or directory`
    public var description: String {
        let reason = strerror(code).map { String(cString: $0) } ?? String(code)
        return "cannot " + operation + " " + path + ": " + reason
    }
}

enum Descriptor {
    /// All of it; false: errno says why not.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
