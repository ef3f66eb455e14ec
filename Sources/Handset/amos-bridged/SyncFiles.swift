import Bridge
import LinuxSystem
import Wire

struct SyncFailure: Error {
    let text: String

    init(_ text: String) { self.text = text }
    init(_ error: SystemCallError) { text = error.description }
}

/// The files behind `sync:`, as whoever this process is at the moment.
///
/// A pushed file appears whole under its name, or not at all: it is written beside it, and renamed.
final class SyncFiles {
    /// Nothing outside is reached; nil: everything that permissions allow.
    private let folder: String?
    private let number: UInt32
    private var file: HeldDescriptor?
    private var path = ""
    private var partial = ""
    private var permissions: UInt32 = 0o644
    private var link: [UInt8]?

    /// As in linux/limits.h.
    private static let linkLimit = 4096

    init(folder: String?, number: UInt32) {
        self.folder = folder
        self.number = number
    }

    /// The path to use; nil: it lies outside. Relative names, and in a confined bridge all names that do not
    /// begin with its folder, lie in that folder.
    func name(_ path: [UInt8]) -> String? {
        guard !path.isEmpty else { return nil }
        let text = String(decoding: path, as: UTF8.self)
        guard let folder else { return path[0] == 0x2f ? text : "/" + text }
        let parts = path.split(separator: 0x2f)
        // Nothing here makes links, so no name leads out without this.
        guard !parts.contains(where: { $0.elementsEqual("..".utf8) }) else { return nil }
        if UTF8.same(text, folder) || path.starts(with: (folder + "/").utf8) { return text }
        return folder + "/" + text
    }

    func status(_ path: [UInt8], followsLinks: Bool) -> SyncReply.Status {
        guard let name = name(path) else {
            var status = SyncReply.Status()
            status.error = UInt32(SystemCallError.notPermitted)
            return status
        }
        return Self.status(ofFile: name, followsLinks: followsLinks && folder == nil)
    }

    static func status(ofFile path: String, followsLinks: Bool) -> SyncReply.Status {
        var status = SyncReply.Status()
        do throws(SystemCallError) {
            let facts = try FileFacts(of: path, followsLinks: followsLinks)
            (status.device, status.inode, status.mode) = (facts.device, facts.inode, facts.mode)
            (status.links, status.user, status.group) = (facts.links, facts.user, facts.group)
            (status.size, status.read) = (facts.size, facts.read)
            (status.modified, status.changed) = (facts.modified, facts.changed)
        } catch { status.error = UInt32(error.code) }
        return status
    }

    func openToRead(_ path: [UInt8]) throws(SyncFailure) -> HeldDescriptor {
        guard let name = name(path) else { throw SyncFailure("this lies outside of your folder") }
        do throws(SystemCallError) {
            let options: FileDescriptor.Options = folder == nil ? .nonBlocking : [.nonBlocking, .noFollow]
            let file = try FileDescriptor.open(name, options)
            guard try file.status().kind == .file else { throw SystemCallError("read", name, code: 21) }
            return HeldDescriptor(file)
        } catch { throw SyncFailure(error) }
    }

    func begin(_ path: [UInt8], _ mode: UInt32) throws(SyncFailure) {
        guard let name = name(path) else { throw SyncFailure("this lies outside of your folder") }
        self.path = name
        // As adb does it: what the owner may, the group and others may, too, except write.
        permissions = mode & 0o777 | (mode >> 3) & 0o050 | (mode >> 6) & 0o005
        link = nil
        if mode & FileFacts.typeMask == FileFacts.linkType {
            guard folder == nil else { throw SyncFailure("links are not made here") }
            link = []
            return
        }
        do throws(SystemCallError) {
            let parent = Directory.parent(of: name)
            if !Directory.exists(parent) { try ProcessIdentity.makeFolders(parent, permissions: 0o771) }
            if Directory.isDirectory(name) { throw SystemCallError("write", name, code: 21) }
            partial = parent + "/.push-" + String(ChildProcess.thisProcess) + "-" + String(number)
            try? Directory.unlink(partial)
            file = HeldDescriptor(
                try FileDescriptor.open(
                    partial, [.writeOnly, .create, .exclusive, .noFollow], permissions: 0o600))
        } catch {
            partial = ""
            throw SyncFailure(error)
        }
    }

    func write(_ data: Span<UInt8>) throws(SyncFailure) {
        if link != nil {
            link?.append(copying: data)
            guard link?.count ?? 0 < Self.linkLimit else { throw SyncFailure("a link that is too long") }
            return
        }
        guard let file else { return }
        do throws(SystemCallError) { try file.descriptor.write(data) } catch { throw SyncFailure(error) }
    }

    func finish(_ modified: UInt32) throws(SyncFailure) {
        do throws(SystemCallError) {
            if let target = link {
                link = nil
                try? Directory.unlink(path)
                return try Directory.link(
                    path, to: String(decoding: target.prefix { $0 != 0 }, as: UTF8.self))
            }
            guard let file else { return }
            try file.descriptor.setPermissions(permissions)
            try file.descriptor.setModified(Int64(modified))
            try Directory.rename(partial, to: path)
            (self.file, partial) = (nil, "")
        } catch { throw SyncFailure(error) }
    }

    /// What was under way leaves nothing behind.
    func abandon() {
        file = nil
        if !partial.isEmpty { try? Directory.unlink(partial) }
        partial = ""
        link = nil
    }
}
