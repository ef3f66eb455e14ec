import Bridge

/// Gives bytes to a parser in one piece, then in pieces of three: what it tells must not depend on that.
private func inBothWays(_ bytes: [UInt8], _ tell: ([[UInt8]]) -> [UInt8]) {
    let pieces = stride(from: 0, to: bytes.count, by: 3).map { Array(bytes[$0..<min(bytes.count, $0 + 3)]) }
    demand(tell([bytes]) == tell(pieces), "what is read depends on how the bytes arrive")
}

/// A peer's bytes: before its key is accepted (first byte even), or after.
enum PacketFuzz {
    static func run(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        inBothWays(Array(bytes.dropFirst())) { pieces in live(pieces, isOnline: first & 1 == 1) }
    }

    private static func live(_ pieces: [[UInt8]], isOnline: Bool) -> [UInt8] {
        var connection = Connection(banner: BridgeBanner(product: "fuzz", model: "fuzz"))
        if isOnline {
            var offset = 0
            let hello = PacketHeader.packet(.connect, BridgeLimits.version, 4096)
            _ = try? connection.receive(hello.span, from: &offset)
            _ = connection.accept()
        }
        var told: [UInt8] = []
        for piece in pieces {
            var offset = 0
            while true {
                var received: Connection.Effect?
                do throws(BridgeError) {
                    received = try connection.receive(piece.span, from: &offset)
                } catch {
                    // It ends the connection.
                    return told
                }
                guard let result = received else { break }
                follow(result, piece, &connection, &told)
                if !isOnline {
                    switch result {
                    case .challenge, .verify, .judge: break
                    default: fatalError("something reached others before a key was accepted")
                    }
                }
            }
        }
        return told
    }

    private static func follow(
        _ effect: Connection.Effect, _ piece: [UInt8], _ connection: inout Connection, _ told: inout [UInt8]
    ) {
        switch effect {
        case .open(let stream, let service):
            told += [1] + service
            _ = service.count % 2 == 0 ? connection.open(stream) : connection.refuse(stream)
        case .payload(_, let range): told += piece[range]
        case .written(let stream):
            told.append(2)
            _ = connection.acknowledge(stream)
        case .ready(let stream):
            told.append(3)
            var packet = [UInt8](repeating: 0, count: PacketHeader.size + 4)
            _ = connection.write(stream, &packet)
        case .closed: told.append(4)
        case .challenge: told.append(5)
        case .verify(let signature): told += [6] + signature
        case .judge(let key):
            told.append(7)
            demand(PublicKey(text: key.line) == key, "a key changes when it is written down")
        case .send(let bytes): told += bytes
        }
    }

    static var seeds: [[UInt8]] {
        let hello = PacketHeader.packet(.connect, BridgeLimits.version, 1 << 20, Array("host::".utf8))
        let signed = PacketHeader.packet(.authenticate, 2, 0, [UInt8](repeating: 3, count: 256))
        let stream =
            PacketHeader.packet(.open, 5, 0, Array("sync:!\0".utf8))
            + PacketHeader.packet(.write, 5, 1, [1, 2])
            + PacketHeader.packet(.okay, 5, 1) + PacketHeader.packet(.close, 5, 1)
        return [[0] + hello + signed, [0] + hello, [1] + stream, [1] + hello]
    }
}

enum SyncFuzz {
    static func run(_ bytes: [UInt8]) {
        inBothWays(bytes) { pieces in
            var parser = SyncParser()
            var told: [UInt8] = []
            for piece in pieces {
                var offset = 0
                while true {
                    var next: SyncParser.Piece?
                    do throws(BridgeError) {
                        next = try parser.next(piece.span, from: &offset)
                    } catch { return told }
                    guard let result = next else { break }
                    switch result {
                    case .request(let request, let path):
                        told += [UInt8(truncatingIfNeeded: request.rawValue)] + path
                        demand(path.count <= SyncParser.pathLimit, "a path is longer than its limit")
                    case .send(let path, let mode):
                        told += [1, UInt8(truncatingIfNeeded: mode)] + path
                        parser.isDraining = path.first == 0x78
                    case .data(let range): told += piece[range]
                    case .done(let modified): told += [2, UInt8(truncatingIfNeeded: modified)]
                    case .quit: told.append(3)
                    }
                }
            }
            return told
        }
    }

    static var seeds: [[UInt8]] {
        let send = Array("SEND".utf8) + [8, 0, 0, 0] + Array("/a,33188".utf8)
        let data = Array("DATA".utf8) + [2, 0, 0, 0, 1, 2] + Array("DONE".utf8) + [9, 0, 0, 0]
        return [
            send + data, Array("STAT".utf8) + [2, 0, 0, 0] + Array("/a".utf8),
            Array("LIS2".utf8) + [1, 0, 0, 0, 0x2f],
            Array("QUIT".utf8) + [0, 0, 0, 0],
        ]
    }
}

enum ShellFrameFuzz {
    static func run(_ bytes: [UInt8]) {
        inBothWays(bytes) { pieces in
            var parser = ShellParser()
            var told: [UInt8] = []
            for piece in pieces {
                var offset = 0
                while true {
                    var next: ShellParser.Piece?
                    do throws(BridgeError) {
                        next = try parser.next(piece.span, from: &offset)
                    } catch { return told }
                    guard let result = next else { break }
                    switch result {
                    case .input(let range): told += piece[range]
                    case .closeInput: told.append(1)
                    case .windowSize(let size): told += [2, UInt8(truncatingIfNeeded: size.rows)]
                    }
                }
            }
            return told
        }
    }

    static var seeds: [[UInt8]] {
        [
            ShellFrame.frame(.input, [1, 2]) + ShellFrame.frame(.windowSize, Array("24x80,0x0".utf8)),
            ShellFrame.frame(.closeInput, []), ShellFrame.frame(.input, []),
            ShellFrame.frame(.windowSize, Array("1x2,3x4\0".utf8)),
        ]
    }
}

enum ServiceNameFuzz {
    static func run(_ bytes: [UInt8]) {
        if let service = ServiceName(bytes) {
            // What an owner's handset allows, a developer's allows as well.
            let isAllowed = BridgePolicy(.user(isDeveloperMode: true)).judge(service).isAllowed
            demand(!isAllowed || BridgePolicy(.dev).judge(service).isAllowed, "a policy is upside down")
        }
        if case .package(let command)? = BuiltInCommand(bytes) {
            let request = PackageServiceRequest(command)
            // An id that is not UTF-8 is repaired, and may grow beyond the limit; then it is refused there.
            guard request.package.utf8.count <= PackageServiceRequest.packageLimit else { return }
            guard let again = try? PackageServiceRequest.decode(request.encode()) else {
                fatalError("a request to the package service cannot be read back")
            }
            demand(again.request == request, "a request to the package service changes when read back")
        }
        _ = try? PackageServiceRequest.decode(bytes)
        _ = try? BridgeRequest(decoding: bytes)
        _ = try? BridgeReply(decoding: bytes)
    }

    static var seeds: [[UInt8]] {
        [
            "shell,v2,TERM=xterm,pty:ls", "exec:cmd package 'install' -S 5", "sync:",
            "reverse:forward:tcp:1;tcp:2",
            "sideload-host:5:65536", "cmd package install -r -S 5", "cmd package uninstall 'a'",
            "export ANDROID_LOG_TAGS=\"''\"; exec logcat '-d' '*:S'", "tcp:5", "localabstract:a",
        ].map { Array($0.utf8) }
    }
}
