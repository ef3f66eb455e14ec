import Services
import Testing

@testable import DeviceSpec

/// The maps inside a service file; what stands directly in it is `ServiceFileTests`'s.
@Suite struct ServiceKeysTests {
    private func service(_ text: String) throws -> ServiceDefinition {
        let device = try Fixture.pocket(
            "services: [radio]\nusers: {radio: {id: 200}}\n",
            services: ["radio": "program: /usr/bin/radiod\n" + text])
        return try #require(device.services.first { $0.definition.name == "radio" }).definition
    }

    @Test func activation() throws {
        let radio = try service(
            """
            sockets:
              - {stream: /run/radio}
            start-on:
              socket: true
              devices: [/dev/ttyUSB0, subsystem:input]
              paths: {changed: [/etc/a], exists: [/etc/b], not-empty: [/etc/c]}
              timers:
                - {after-boot: 5 min}
                - {every: 2 h, jitter: 10 s}
                - {calendar: daily 03:30, catch-up: true}
            stop-when-idle: 30 s
            """)
        var expected = Activation()
        expected.atBoot = false
        expected.onSocket = true
        expected.devices = ["/dev/ttyUSB0", "subsystem:input"]
        expected.paths = [
            .init(path: "/etc/a", condition: .changed), .init(path: "/etc/b", condition: .exists),
            .init(path: "/etc/c", condition: .directoryNotEmpty),
        ]
        expected.timers = [
            .init(.afterBoot(milliseconds: 300_000)), .init(.every(milliseconds: 7_200_000)),
            .init(.calendar(.init(minutes: 1 << 30, hours: 1 << 3))),
        ]
        expected.timers[1].jitterMilliseconds = 10_000
        expected.timers[2].catchesUp = true
        expected.idleStopMilliseconds = 30_000
        #expect(radio.activation == expected)
    }

    @Test func sockets() throws {
        let radio = try service(
            """
            sockets:
              - {stream: /run/radio, mode: "0660", user: radio, group: dhcpcd, backlog: 7}
              - {name: web, stream: 127.0.0.1:80}
              - {name: dns, datagram: "[::1]:53"}
              - {name: bus, packets: /run/bus}
              - {name: ipc, ipc: radio}
            """)
        var first = ListeningSocket(name: "radio", kind: .stream, address: .unix(path: "/run/radio"))
        first.permissions = 0o660
        first.userID = 200
        first.groupID = 100
        first.backlog = 7
        let loopback = [UInt8](repeating: 0, count: 15) + [1]
        #expect(
            radio.sockets == [
                first,
                .init(name: "web", kind: .stream, address: .internet(bytes: [127, 0, 0, 1], port: 80)),
                .init(name: "dns", kind: .datagram, address: .internet(bytes: loopback, port: 53)),
                .init(name: "bus", kind: .sequentialPackets, address: .unix(path: "/run/bus")),
                .init(name: "ipc", kind: .sequentialPackets, address: .unix(path: "/run/amos/ipc/radio")),
            ])
    }

    @Test func whatStartsAtBoot() throws {
        #expect(try service("").activation.atBoot)
        #expect(try !service("start: on-demand\n").activation.atBoot)
        let both = try service("start: boot\nstart-on: {devices: [/dev/x]}\n").activation
        #expect(both.atBoot && both.hasTriggers)
    }

    @Test func limits() throws {
        let radio = try service(
            """
            limits:
              {memory: 8 MiB, memory-high: 6 MiB, memory-low: 1 MiB, memory-ends-all: true, cpu-weight: 50,
               cpu: 20 ms per 200 ms, processes: 3, io-weight: 60, oom-score: -500, nice: 5,
               scheduling: {class: fifo, priority: 9}, open-files: 64, core: unlimited,
               stack: {soft: 1 MiB, hard: 2 MiB}}
            """)
        var expected = Resources()
        expected.memoryMaxBytes = 8 << 20
        expected.memoryHighBytes = 6 << 20
        expected.memoryLowBytes = 1 << 20
        expected.endsAsOneWhenOutOfMemory = true
        expected.processorWeight = 50
        expected.processorQuotaMicroseconds = 20_000
        expected.processorPeriodMicroseconds = 200_000
        expected.processLimit = 3
        expected.ioWeight = 60
        expected.outOfMemoryScore = -500
        expected.nice = 5
        expected.scheduling = .fifo
        expected.schedulingPriority = 9
        let infinity = Resources.ProcessLimit.infinity
        expected.limits = [
            .init(resource: 7, soft: 64, hard: 64), .init(resource: 4, soft: infinity, hard: infinity),
            .init(resource: 3, soft: 1 << 20, hard: 2 << 20),
        ]
        #expect(radio.resources == expected)
        let half = try service("limits: {cpu: 50 %, scheduling: batch}\n").resources
        #expect(half.processorQuotaMicroseconds == 50_000)
        #expect(half.processorPeriodMicroseconds == 100_000)
        #expect(half.scheduling == .batch)
    }

    @Test func isolation() throws {
        let radio = try service(
            """
            isolation:
              namespaces: [mount, pid, ipc, uts, network, user]
              no-new-privileges: true
              capabilities: [net-admin, sys-time]
              ambient-capabilities: [sys-time]
              private-tmp: true
              private-dev: true
              read-only-root: true
              system-calls: [\"@network\", mount]
              landlock: {read: [/usr, /etc], execute: [/usr], write: [/run]}
            """
        ).isolation
        #expect(radio.namespaces.rawValue == 63)
        #expect(radio.noNewPrivileges && radio.hasPrivateTemporaryFiles && radio.hasPrivateDevices)
        #expect(radio.isFileSystemReadOnly)
        // CAP_NET_ADMIN is 12 and CAP_SYS_TIME 25 in linux/capability.h.
        #expect(radio.boundingCapabilities == 1 << 12 | 1 << 25)
        #expect(radio.ambientCapabilities == 1 << 25)
        #expect(
            radio.landlock == [
                .init(path: "/usr", access: [.read, .execute]), .init(path: "/etc", access: .read),
                .init(path: "/run", access: .write),
            ])
        #expect(
            try radio.systemCallFilter
                == SystemCallFilter(architecture: .arm64).compile(
                    allow: ["@network", "mount"], otherwise: .error))
    }

    @Test func ownPaths() throws {
        let radio = try service(
            """
            isolation:
              paths:
                writable: [/data/radio]
                hidden: [-/data/others]
                read-only: [/run]
                temporary: [/a, {path: /b, size: 1 MiB}]
                bind: [{from: /c, to: /d}, {from: /e, to: -/f, read-only: true}]
            """
        ).isolation
        var paths: [Isolation.PathRule] = [
            .init(path: "/data/radio", kind: .writable), .init(path: "/data/others", kind: .hidden),
            .init(path: "/run", kind: .readOnly), .init(path: "/a", kind: .temporary(sizeBytes: 16 << 20)),
            .init(path: "/b", kind: .temporary(sizeBytes: 1 << 20)),
            .init(path: "/d", kind: .bind(source: "/c", isReadOnly: false)),
            .init(path: "/f", kind: .bind(source: "/e", isReadOnly: true)),
        ]
        paths[1].isOptional = true
        paths[6].isOptional = true
        #expect(radio.paths == paths)
    }

    @Test func shortForms() throws {
        #expect(try service("isolation: {capabilities: none}\n").isolation.boundingCapabilities == 0)
        #expect(try service("isolation: {capabilities: []}\n").isolation.boundingCapabilities == 0)
        #expect(try service("isolation: {capabilities: all}\n").isolation == Isolation())
        let killed = try service("isolation: {system-calls: {allow: [\"@network\"], otherwise: kill}}\n")
        #expect(
            try killed.isolation.systemCallFilter
                == SystemCallFilter(architecture: .arm64).compile(allow: ["@network"], otherwise: .kill))
    }

    @Test func readiness() throws {
        let radio = try service("ready: {probe: [/bin/true, -x], interval: 2 s}\n")
        #expect(radio.readiness == .probe)
        #expect(radio.probe == ["/bin/true", "-x"])
        #expect(radio.probeIntervalMilliseconds == 2_000)
    }

    @Test func restart() throws {
        let radio = try service("restart: {limit: {count: 3, within: 10 s}, then: fallback-slot}\n")
        #expect(radio.restartLimit == 3)
        #expect(radio.restartWindowMilliseconds == 10_000)
        #expect(radio.finalAction == .fallbackSlot)
        #expect(try service("restart: {then: reboot}\n").finalAction == .reboot)
        #expect(try service("restart: {then: {start: logd}}\n").finalAction == .start("logd"))
    }

    @Test func aTaskThatRunsOnce() throws {
        #expect(try service("kind: one-shot\nonce: true\n").runsOncePerInstallation)
    }
}
