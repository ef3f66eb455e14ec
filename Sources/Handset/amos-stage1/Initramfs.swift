import LinuxSystem
import Slots

/// The root file system that the kernel unpacked; it lives in memory until its files are deleted.
enum Initramfs {
    /// Moves the kernel's file systems into the new root, gives the initramfs' memory back and enters the new
    /// root.
    ///
    /// Files are deleted by name: a recursive deletion that crosses into a mounted disk has cost people their
    /// data.
    static func leave(to root: String) throws(BootFailure) {
        for path in ["/pristine.simg", "/init"] { try? Directory.unlink(path) }
        try required(.handoverFailed) { () throws(SystemCallError) in
            for fileSystem in KernelFileSystems.all {
                try Mount.move(fileSystem.path, to: root + fileSystem.path)
            }
            try Mount.switchRoot(to: root)
        }
    }
}
