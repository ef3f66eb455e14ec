import LinuxSystem
import Slots
import Wire

/// The kernel modules that root and `data` need: `/modules/NNN-name.ko`, in the order of their numbers.
enum EarlyModules {
    static func insert(_ reporter: inout Reporter) throws(BootFailure) {
        let names = try required(.moduleFailed) { () throws(SystemCallError) in
            try Directory.names(in: "/modules")
        }
        for name in names {
            let path = "/modules/" + String(decoding: name, as: UTF8.self)
            let start = Machine.bootTimeNanoseconds
            let outcome = try required(.moduleFailed) { () throws(SystemCallError) in
                try KernelModule.insert(path)
            }
            // Its memory is the initramfs, which nobody else gives back.
            try? Directory.unlink(path)
            guard outcome == .inserted else { continue }
            reporter.announce(
                .module(
                    name: moduleName(name), durationNanoseconds: Machine.bootTimeNanoseconds - start))
        }
    }

    /// "virtio_blk" of "010-virtio_blk.ko".
    private static func moduleName(_ file: [UInt8]) -> String {
        let dash = file.firstIndex(of: UInt8(ascii: "-")).map { $0 + 1 } ?? 0
        return String(decoding: file[dash...].prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }
}
