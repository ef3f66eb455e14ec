import Wire

/// What a peer asks a stream for: the text in OPEN, without its NUL.
public enum ServiceName: Equatable, Sendable {
    case shell(ShellRequest)
    /// Output only, as bytes: `exec:COMMAND`.
    case execute([UInt8])
    case synchronize
    case sideload(size: UInt64, blockSize: UInt32)
    /// To a socket of the handset.
    case socket(SocketAddress)
    case reverse(ReverseRequest)
    /// The text behind the colon; empty: into the system again.
    case reboot([UInt8])
    case root
    case unroot

    /// Of commands and paths within names.
    static let textLimit = 16 * 1024

    /// nil: a service that this bridge does not have, or a name that is none.
    public init?(_ name: [UInt8]) {
        guard name.count <= BridgeLimits.serviceName, !name.contains(0),
            let colon = name.firstIndex(of: 0x3a)
        else { return nil }
        let (kind, rest) = (name[..<colon], name[(colon + 1)...])
        if kind.elementsEqual("sync".utf8), rest.isEmpty {
            self = .synchronize
        } else if kind.elementsEqual("exec".utf8), rest.count <= Self.textLimit {
            self = .execute(Array(rest))
        } else if kind.starts(with: "shell".utf8), rest.count <= Self.textLimit {
            guard let request = ShellRequest(options: kind.dropFirst(5), command: rest) else { return nil }
            self = .shell(request)
        } else if kind.elementsEqual("sideload-host".utf8) {
            let parts = rest.split(separator: 0x3a, omittingEmptySubsequences: false)
            guard parts.count == 2, let size = Decimal.number(parts[0]), let block = Decimal.number(parts[1]),
                SideloadTransfer.blockSizes.contains(block)
            else { return nil }
            self = .sideload(size: size, blockSize: UInt32(block))
        } else if kind.elementsEqual("reverse".utf8) {
            guard let request = ReverseRequest(rest) else { return nil }
            self = .reverse(request)
        } else if kind.elementsEqual("reboot".utf8), rest.count <= 32 {
            self = .reboot(Array(rest))
        } else if kind.elementsEqual("root".utf8), rest.isEmpty {
            self = .root
        } else if kind.elementsEqual("unroot".utf8), rest.isEmpty {
            self = .unroot
        } else {
            guard let address = SocketAddress(name[...]) else { return nil }
            self = .socket(address)
        }
    }
}

/// `shell[,v2][,TERM=xterm][,pty|raw]:[COMMAND]`
public struct ShellRequest: Equatable, Sendable {
    /// Frames (`ShellFrame`) instead of bytes: stderr apart, and an exit status.
    public var isFramed = false
    /// nil: as usual, with a terminal when there is no command.
    public var wantsTerminal: Bool?
    /// The value of TERM.
    public var terminalType: [UInt8] = []
    /// Empty: an interactive shell.
    public var command: [UInt8]

    public var hasTerminal: Bool { wantsTerminal ?? (!isFramed || command.isEmpty) }

    public init(command: [UInt8]) { self.command = command }

    init?(options: ArraySlice<UInt8>, command: ArraySlice<UInt8>) {
        self.command = Array(command)
        guard let first = options.first else { return }
        guard first == 0x2c else { return nil }
        for option in options.split(separator: 0x2c) {
            if option.elementsEqual("v2".utf8) {
                isFramed = true
            } else if option.elementsEqual("pty".utf8) {
                wantsTerminal = true
            } else if option.elementsEqual("raw".utf8) {
                wantsTerminal = false
            } else if option.starts(with: "TERM=".utf8) {
                // It goes into an environment: letters that no terminal's name lacks.
                let value = option.dropFirst(5).prefix(64)
                guard value.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
                terminalType = Array(value)
            }
            // Options of newer clients change nothing that this one needs to know.
        }
    }
}

/// A socket of the handset that a peer is connected to (`adb forward`) or listens at (`adb reverse`).
public enum SocketAddress: Equatable, Sendable {
    /// On loopback.
    case port(UInt16)
    case path([UInt8])
    /// In the kernel's name space of Unix sockets (unix(7), abstract).
    case abstract([UInt8])

    /// sun_path holds 108 bytes, one of which is a NUL.
    public static let pathLimit = 107

    /// `tcp:PORT`, `local:PATH`, `localfilesystem:PATH`, `localreserved:NAME`, `localabstract:NAME`. A host
    /// behind the port (`tcp:PORT:HOST`) is refused: the handset is no way into other networks.
    public init?(_ text: ArraySlice<UInt8>) {
        guard let colon = text.firstIndex(of: 0x3a) else { return nil }
        let (kind, rest) = (text[..<colon], text[(colon + 1)...])
        if kind.elementsEqual("tcp".utf8) {
            guard let port = Decimal.number(rest), port <= 65535 else { return nil }
            self = .port(UInt16(port))
            return
        }
        guard !rest.isEmpty, rest.count <= Self.pathLimit, !rest.contains(0) else { return nil }
        if kind.elementsEqual("localabstract".utf8) {
            self = .abstract(Array(rest))
        } else if kind.elementsEqual("local".utf8) || kind.elementsEqual("localfilesystem".utf8)
            || kind.elementsEqual("localreserved".utf8)
        {
            guard rest.first == 0x2f else { return nil }
            self = .path(Array(rest))
        } else {
            return nil
        }
    }

    /// As `adb` writes it.
    public var text: [UInt8] {
        switch self {
        case .port(let port): Array(("tcp:" + String(port)).utf8)
        case .path(let path): Array("local:".utf8) + path
        case .abstract(let name): Array("localabstract:".utf8) + name
        }
    }
}

/// What follows `reverse:`.
public enum ReverseRequest: Equatable, Sendable {
    /// `forward:[norebind:]LOCAL;REMOTE`: who connects to LOCAL on the handset gets a stream to REMOTE, which
    /// the peer knows and this side only repeats.
    case forward(local: SocketAddress, remote: [UInt8], mayReplace: Bool)
    case list
    case kill(SocketAddress)
    case killAll

    init?(_ text: ArraySlice<UInt8>) {
        if text.elementsEqual("list-forward".utf8) {
            self = .list
        } else if text.elementsEqual("killforward-all".utf8) {
            self = .killAll
        } else if text.starts(with: "killforward:".utf8) {
            guard let address = SocketAddress(text.dropFirst(12)) else { return nil }
            self = .kill(address)
        } else if text.starts(with: "forward:".utf8) {
            var rest = text.dropFirst(8)
            let mayReplace = !rest.starts(with: "norebind:".utf8)
            if !mayReplace { rest = rest.dropFirst(9) }
            guard let semicolon = rest.firstIndex(of: 0x3b),
                let local = SocketAddress(rest[..<semicolon]), !rest[(semicolon + 1)...].isEmpty
            else { return nil }
            self = .forward(
                local: local, remote: Array(rest[(semicolon + 1)...].prefix(1024)), mayReplace: mayReplace)
        } else {
            return nil
        }
    }

    /// `OKAY`, or `FAIL` with a reason, each with its length before it in four hexadecimal digits where adb
    /// expects one.
    public static func okay(_ text: [UInt8]? = nil) -> [UInt8] {
        Array("OKAY".utf8) + (text.map { length($0.count) + $0 } ?? [])
    }

    public static func failure(_ reason: String) -> [UInt8] {
        let text = Array(reason.utf8)
        return Array("FAIL".utf8) + length(text.count) + text
    }

    static func length(_ count: Int) -> [UInt8] {
        [12, 8, 4, 0].map { Hexadecimal.digit(UInt8(count >> $0 & 15)) }
    }
}

enum Hexadecimal {
    static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }

    static func text(_ bytes: [UInt8]) -> [UInt8] { bytes.flatMap { [digit($0 >> 4), digit($0 & 15)] } }
}
