import Foundation
import HostSystem

/// A handset that another program runs: reached through a second control channel of its QEMU, whose socket
/// lies in a folder that only this user can look into. A note beside the image says where.
public struct RunningHandset {
    /// The path of the socket.
    private let socket: String

    public static func note(in folder: String) -> String { "\(folder)/.amos/control" }

    /// nil: nobody has left a note there.
    public init?(in folder: String) {
        guard let text = try? String(contentsOfFile: Self.note(in: folder), encoding: .utf8) else {
            return nil
        }
        socket = text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Whether the handset of the note still runs: a killed `amos run` could not take it away.
    public var isRunning: Bool { (try? SocketPair(connectedTo: socket)) != nil }

    /// Saves what the display shows as a PNG.
    public func screenshot(to path: String) throws(EmulatorError) {
        var control = ControlChannel(try SocketPair(connectedTo: socket))
        try control.greet()
        // QEMU writes the file itself, and its working folder need not be ours.
        let absolute = URL(fileURLWithPath: path).standardizedFileURL.path
        do throws(EmulatorError) {
            try control.execute("screendump", ["filename": absolute, "format": "png"])
        } catch {
            guard case .control(let message) = error else { throw error }
            throw .screenshot(message)
        }
    }
}
