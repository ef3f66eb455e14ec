import Foundation

/// The person's terminal in raw mode: every key goes to the handset. Restored when this ends, whatever
/// happens.
final class RawTerminal {
    private let saved: termios

    /// nil when standard input and output are no terminal.
    static func open() -> RawTerminal? {
        guard isatty(0) == 1, isatty(1) == 1 else { return nil }
        var settings = termios()
        guard tcgetattr(0, &settings) == 0 else { return nil }
        return RawTerminal(settings)
    }

    private init(_ settings: termios) {
        saved = settings
        var raw = settings
        cfmakeraw(&raw)
        // What was typed before the handset had a console is dropped: kept lines of a terminal that becomes
        // raw would block everything typed after them.
        tcsetattr(0, TCSAFLUSH, &raw)
    }

    deinit {
        var settings = saved
        tcsetattr(0, TCSADRAIN, &settings)
    }
}

/// What the person's keys mean: Ctrl-A is the prefix, as in QEMU's own console.
public enum ConsoleKey: Equatable, Sendable {
    case send([UInt8])
    /// Ctrl-A X: end the emulator now, as if the battery were taken out.
    case end
    /// Ctrl-A P: press the power button.
    case powerButton

    /// - Parameter prefixed: whether the previous bytes ended in Ctrl-A.
    public static func parse(_ bytes: [UInt8], prefixed: inout Bool) -> [ConsoleKey] {
        var keys: [ConsoleKey] = []
        var plain: [UInt8] = []
        for byte in bytes {
            if prefixed {
                prefixed = false
                switch byte {
                case UInt8(ascii: "x"), UInt8(ascii: "X"):
                    if !plain.isEmpty { keys.append(.send(plain)) }
                    return keys + [.end]
                case UInt8(ascii: "p"), UInt8(ascii: "P"):
                    if !plain.isEmpty { keys.append(.send(plain)) }
                    plain = []
                    keys.append(.powerButton)
                default: plain.append(byte)
                }
            } else if byte == 1 {
                prefixed = true
            } else {
                plain.append(byte)
            }
        }
        if !plain.isEmpty { keys.append(.send(plain)) }
        return keys
    }
}

/// Turns SIGINT, SIGTERM and SIGHUP into bytes of a pipe for as long as it lives, so that a loop can end
/// its child, restore the terminal and remove its files before the program goes.
final class SignalPipe {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    /// The handler may only touch this: a write to a descriptor is all that is safe in a signal handler.
    nonisolated(unsafe) private static var writingEnd: Int32 = -1

    let descriptor: Int32

    init?() {
        var ends: [Int32] = [-1, -1]
        guard Self.writingEnd < 0, pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        Self.writingEnd = ends[1]
        // Whoever started this program may have blocked them.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        for number in Self.signals { sigaddset(&unblocked, number) }
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
        for number in Self.signals {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(SignalPipe.writingEnd, &byte, 1)
            }
        }
    }

    deinit {
        for number in Self.signals { signal(number, SIG_DFL) }
        close(Self.writingEnd)
        close(descriptor)
        Self.writingEnd = -1
    }

    /// The signal that has arrived.
    static func take(from descriptor: Int32) -> Int32? {
        var byte: UInt8 = 0
        return read(descriptor, &byte, 1) == 1 ? Int32(byte) : nil
    }
}
