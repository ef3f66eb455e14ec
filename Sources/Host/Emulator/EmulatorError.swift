import DiskImage
import HostSystem

/// What can keep a handset from being run, before or around the guest itself. How a guest *ended* is a
/// `GuestExit`.
public enum EmulatorError: Error, CustomStringConvertible {
    case tool(Tool.Failure)
    case system(SystemError)
    case disk(DiskImageError)
    case image(BootImageError)
    /// The disk has no partition with this label.
    case partitionMissing(label: String, disk: String)
    case cannotStart(program: String, code: Int32)
    /// QEMU's control channel (QMP) said something unexpected or nothing at all.
    case control(String)
    case screenshot(String)
    case writeLog(String)

    public var description: String {
        switch self {
        case .tool(let failure): failure.description
        case .system(let error): error.description
        case .disk(let error): error.description
        case .image(let error): error.description
        case .partitionMissing(let label, let disk):
            "\(disk) has no partition \(label); `amos build` of this version did not make it: build it again"
        case .cannotStart(let program, let code):
            "\(SystemError("start", program, code: code)); `amos doctor` says what is missing"
        case .control(let what): "QEMU's control channel: \(what); run it again with `--` and fewer options"
        case .screenshot(let what): "no screenshot: \(what)"
        case .writeLog(let what): "the write log cannot be used: \(what)"
        }
    }
}
