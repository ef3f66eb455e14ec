import DiskImage
import Foundation
import HostSystem

/// The disk that a handset runs on: a sparse copy of the built one, which so stays as it was built.
///
/// Loader and QEMU use the same raw file, one after the other, so there is one view of `misc`. The copy is
/// kept between runs (the handset remembers what it did) and made anew when the built disk is another one.
public enum RunDisk {
    /// Makes `state` a copy of `built` unless it already is one; `fresh` forgets what the handset did so far.
    /// - Returns: whether a copy was made.
    @discardableResult
    public static func prepare(
        _ state: String, from built: String, fresh: Bool = false
    ) throws(EmulatorError) -> Bool {
        let identity = try identity(of: built)
        let note = state + ".source"
        if !fresh, access(state, R_OK | W_OK) == 0,
            (try? String(contentsOfFile: note, encoding: .utf8)) == identity
        {
            return false
        }
        unlink(note)
        try copy(built, to: state)
        // Last: a copy without its note is made again.
        do { try identity.write(toFile: note, atomically: true, encoding: .utf8) } catch {
            throw .system(SystemError("write", note, code: EIO))
        }
        return true
    }

    /// A sparse copy, for one run that is not to be remembered.
    public static func copy(_ built: String, to path: String) throws(EmulatorError) {
        do throws(DiskImageError) {
            let source = try InputFile(built)
            let output = try Self.output(path)
            try copySparse(source, to: output, at: 0)
            do throws(SystemError) { try output.commit() } catch { throw .system(error) }
        } catch {
            throw .disk(error)
        }
    }

    private static func output(_ path: String) throws(DiskImageError) -> OutputFile {
        do throws(SystemError) {
            return try OutputFile(replacing: path, permissions: 0o600)
        } catch {
            throw .system(error)
        }
    }

    /// A built disk is renamed into place, so another build is another inode or at least another time.
    private static func identity(of path: String) throws(EmulatorError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system(SystemError("read", path)) }
        let time = status.st_mtim
        return "\(status.st_dev) \(status.st_ino) \(status.st_size) \(time.tv_sec).\(time.tv_nsec)\n"
    }
}
