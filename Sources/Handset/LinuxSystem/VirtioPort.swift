import CLinux
import Wire

/// A named serial port to the machine that runs this one (virtio-console).
public enum VirtioPort {
    /// Opens the port called `name`, without ever waiting for the other side; nil where there is none.
    ///
    /// `/sys/class/virtio-ports/vport0p1/name` holds the name of `/dev/vport0p1`. One program at a time can
    /// have it.
    public static func open(named name: StaticString) -> FileDescriptor? {
        for port in Directory.namesIfPresent(in: "/sys/class/virtio-ports") {
            let node = String(decoding: port, as: UTF8.self)
            let path = "/sys/class/virtio-ports/" + node + "/name"
            guard let text = contents(of: path, limit: 256) else { continue }
            let line = text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...]
            guard line.elementsEqual(name.description.utf8) else { continue }
            do throws(SystemCallError) {
                return try FileDescriptor.open("/dev/" + node, [.readWrite, .nonBlocking])
            } catch {
                return nil
            }
        }
        return nil
    }
}
