import DeviceSpec
import DiskImage

/// The files of the system partition that follow from the device rather than from a package or a folder.
struct GeneratedFiles {
    let device: Device

    var entries: [FileTree.Entry] {
        directories + [
            text("etc/passwd", passwords), text("etc/group", groups),
            text("etc/hostname", device.name + "\n"),
            text("etc/os-release", release), text("etc/shells", ""),
        ]
    }

    /// Where stage 1 and PID 1 mount things; the root itself is never writable.
    private var directories: [FileTree.Entry] {
        [("data", 0o755), ("dev", 0o755), ("proc", 0o555), ("run", 0o755), ("sys", 0o555), ("tmp", 0o1777)]
            .map {
                FileTree.Entry(path: $0.0, kind: .directory, mode: $0.1, origin: Self.origin)
            }
    }

    static let origin = "generated"

    private func text(_ path: String, _ content: String) -> FileTree.Entry {
        FileTree.Entry(path: path, kind: .file(.bytes(Array(content.utf8))), mode: 0o644, origin: Self.origin)
    }

    private static let root = Device.User(name: "root", id: 0, groupID: 0, home: "/", shell: "/bin/sh")

    /// No password works: there is no shadow file, and `*` matches none.
    private var passwords: String {
        ([Self.root] + device.users.filter { $0.name != "root" }).sorted { $0.id < $1.id }
            .map { "\($0.name):*:\($0.id):\($0.groupID)::\($0.home):\($0.shell)\n" }.joined()
    }

    private var groups: String {
        let root = Device.Group(name: "root", id: 0, members: [])
        return ([root] + device.groups.filter { $0.name != "root" }).sorted { $0.id < $1.id }
            .map { "\($0.name):*:\($0.id):\($0.members.sorted().joined(separator: ","))\n" }.joined()
    }

    private var release: String {
        """
        NAME="Amos"
        ID=amos
        PRETTY_NAME="Amos on \(device.model)"
        VARIANT_ID=\(device.variant.rawValue)
        IMAGE_ID=\(device.name)
        DEBIAN_SUITE=\(device.base.suite)

        """
    }
}
