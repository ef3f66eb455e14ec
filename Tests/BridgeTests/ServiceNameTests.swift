import Testing

@testable import Bridge

@Suite struct ServiceNameTests {
    @Test(arguments: [
        ("sync:", ServiceName.synchronize), ("root:", .root), ("unroot:", .unroot),
        ("reboot:", .reboot([])), ("reboot:recovery", .reboot(Array("recovery".utf8))),
        ("exec:ls -l", .execute(Array("ls -l".utf8))),
        ("sideload-host:130000:65536", .sideload(size: 130_000, blockSize: 65_536)),
        ("tcp:8080", .socket(.port(8080))), ("localabstract:x", .socket(.abstract([0x78]))),
        ("local:/run/a", .socket(.path(Array("/run/a".utf8)))), ("reverse:list-forward", .reverse(.list)),
        (
            "reverse:forward:tcp:1;tcp:2",
            .reverse(.forward(local: .port(1), remote: Array("tcp:2".utf8), mayReplace: true))
        ),
        (
            "reverse:forward:norebind:localabstract:a;tcp:2",
            .reverse(.forward(local: .abstract([0x61]), remote: Array("tcp:2".utf8), mayReplace: false))
        ),
        ("reverse:killforward:tcp:1", .reverse(.kill(.port(1)))),
        ("reverse:killforward-all", .reverse(.killAll)),
    ])
    func parses(name: String, service: ServiceName) { #expect(ServiceName(Array(name.utf8)) == service) }

    @Test(arguments: [
        "", "sync", "sync:x", "shellx:", "tcp:", "tcp:65536", "tcp:80:10.0.2.2", "local:relative",
        "localabstract:",
        "sideload-host:1", "sideload-host:1:0", "sideload-host:1:9999999", "reverse:",
        "reverse:forward:tcp:1",
        "reverse:forward:tcp:1;", "root:x", "framebuffer:", "jdwp:1", "abb:package", "host:version",
    ])
    func refuses(name: String) { #expect(ServiceName(Array(name.utf8)) == nil) }

    @Test(arguments: [
        ("shell:", true, false, ""), ("shell:ls", true, false, ""), ("shell,v2,raw:ls", false, true, ""),
        ("shell,v2,TERM=xterm-256color,pty:", true, true, "xterm-256color"), ("shell,v2:ls", false, true, ""),
        ("shell,v2,pty:top", true, true, ""), ("shell,v2,TERM=a:", true, true, "a"),
    ])
    func understandsShells(name: String, terminal: Bool, framed: Bool, type: String) throws {
        guard case .shell(let request) = ServiceName(Array(name.utf8)) else { throw Missing() }
        #expect(request.hasTerminal == terminal && request.isFramed == framed)
        #expect(request.terminalType == Array(type.utf8))
    }

    struct Missing: Error {}

    @Test(arguments: [
        ("cmd package 'install' '-r' -S 4711", PackageServiceRequest(.install, flags: 1, size: 4711)),
        ("cmd package 'uninstall' 'org.example.a'", .init(.uninstall, package: "org.example.a")),
        ("cmd package uninstall -k a", .init(.uninstall, flags: 8, package: "a")),
        ("pm uninstall a", .init(.uninstall, package: "a")),
    ])
    func understandsPackages(command: String, request: PackageServiceRequest) throws {
        guard case .package(let understood) = BuiltInCommand(Array(command.utf8)) else { throw Missing() }
        let made = PackageServiceRequest(understood)
        #expect(made == request)
        let bytes = made.encode()
        let again = try #require(try PackageServiceRequest.decode(bytes + [1, 2, 3]))
        #expect(again.request == request && again.count == bytes.count)
        for count in bytes.indices {
            #expect(try PackageServiceRequest.decode(Array(bytes[..<count])) == nil)
        }
    }

    @Test(arguments: ["ls", "cmd", "cmd foo", "echo cmd package install", "logcat | grep x", "logcatx"])
    func leavesTheRestToTheShell(command: String) { #expect(BuiltInCommand(Array(command.utf8)) == nil) }

    @Test func dressesCommandsAsAdbDoes() throws {
        let command = #"export ANDROID_LOG_TAGS="''"; exec logcat '-d' '-v' 'brief' 'a b:W' '*:S'"#
        guard case .logcat(let arguments) = BuiltInCommand(Array(command.utf8)) else { throw Missing() }
        #expect(arguments.isDump && arguments.format == .brief && arguments.otherPriority == .silent)
        #expect(arguments.filters == [.init(tag: Array("a b".utf8), priority: .warning)])
    }

    /// What an owner's handset lets developers do.
    @Test(arguments: [
        ("shell,v2,pty:", false), ("shell,v2:ls", false), ("exec:id", false), ("tcp:80", false),
        ("root:", false),
        ("reverse:list-forward", false), ("reboot:bootloader", false), ("reboot:", true), ("sync:", true),
        ("shell,v2:cmd package uninstall a", true), ("exec:cmd package install -S 3", true),
        ("shell,v2:logcat -d", true), ("shell,v2:logcat; id", false), ("sideload-host:3:65536", true),
        ("shell,v2:cmd package uninstall $(id)", false),
    ])
    func confinesUsers(name: String, isAllowed: Bool) throws {
        let service = try #require(ServiceName(Array(name.utf8)))
        let judge = { BridgePolicy($0).judge(service).isAllowed }
        #expect(judge(.user(isDeveloperMode: true)) == isAllowed)
        #expect(!judge(.user(isDeveloperMode: false)))
        #expect(judge(.dev))
    }
}
