import Testing
import Wire

struct ResolverConfigurationTests {
    private func file(_ reason: String, _ servers: String, _ domains: String = "") -> String {
        String(
            decoding: ResolverConfiguration(reason: reason, servers: servers, domains: domains).file,
            as: UTF8.self)
    }

    @Test(arguments: [
        ("BOUND", ResolverConfiguration.Change.gained), ("RENEW", .gained), ("REBOOT", .gained),
        ("EXPIRE", .lost),
        ("STOP", .lost), ("CARRIER", .none), ("PREINIT", .none), ("", .none), ("BOUND6", .none),
    ])
    func reasonsMean(reason: String, change: ResolverConfiguration.Change) {
        #expect(ResolverConfiguration(reason: reason, servers: "", domains: "").change == change)
    }

    @Test func writesServersAndDomains() {
        #expect(
            file("BOUND", "10.0.2.3 fec0::3", "home.example lan")
                == "# Written by amos-netconf.\nsearch home.example lan\n"
                + "nameserver 10.0.2.3\nnameserver fec0::3\n"
        )
        #expect(file("EXPIRE", "10.0.2.3") == "# Written by amos-netconf.\n")
    }

    /// A DHCP server may say anything; the file gets no line that it made up.
    @Test func refusesWhatIsNoAddressOrName() {
        #expect(
            file(
                "BOUND", "1.1.1.1\noptions 8.8.8.8 9.9.9.9$x \(String(repeating: "1", count: 46))",
                "a;b c d(e)")
                == "# Written by amos-netconf.\nsearch c\nnameserver 8.8.8.8\n")
    }

    @Test func keepsAsManyServersAsTheResolverReads() {
        #expect(!file("BOUND", "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4").contains("4.4.4.4"))
    }
}
