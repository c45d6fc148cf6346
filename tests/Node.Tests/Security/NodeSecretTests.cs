using Microsoft.Extensions.Time.Testing;
using RaftStream.Hosting.Security;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Security;

/// <summary>A node is believed who asks, and nobody else is.</summary>
[TestFixture]
internal sealed class NodeSecretTests
{
    private const string Request = "POST /v1/counters/a/add";

    private static readonly Principal Alice = new("certificate:älice", AccessRole.Read);

    private TemporaryFolder _folder = null!;
    private FakeTimeProvider _time = null!;
    private SaidLines _said = null!;

    [SetUp]
    public void SetUp() => (_folder, _time, _said) = (new(), new(), new());

    [TearDown]
    public void TearDown()
    {
        _said.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void WhatOneNodeVouchesForAnotherOneBelievesForThatRequestOnly()
    {
        var (own, other) = (Open("a", NodeSecret.Create()), Open("b", NodeSecret.Create()));
        var vouch = own.Vouch(Alice, Request)!;
        Assert.That(own.Believe(vouch, Request), Is.EqualTo(Alice));
        Assert.That(other.Believe(vouch, Request), Is.Null, "another cluster's secret");
        Assert.That(own.Believe(vouch, "DELETE /v1/counters/a"), Is.Null, "another request");
        Assert.That(own.Believe("3" + vouch[1..], Request), Is.Null, "another role");
        for (var place = 0; place < vouch.Length; place++)
        {
            var damaged = vouch[..place] + (vouch[place] == '0' ? '1' : '0') + vouch[(place + 1)..];
            Assert.That(own.Believe(damaged, Request), Is.Null, $"place {place}");
            Assert.That(own.Believe(vouch[..place], Request), Is.Null, $"cut at {place}");
        }
    }

    [Test]
    public void WithoutASecretNobodyIsVouchedForAndNobodyBelieved()
    {
        var (none, own) = (Open(null, null), Open("a", NodeSecret.Create()));
        Assert.That((none.IsThere, none.Vouch(Alice, Request), none.Believe(own.Vouch(Alice, Request)!, Request)), Is.EqualTo((false, (string?)null, (Principal?)null)));
    }

    [Test]
    public void OneSecretReplacesTheOtherWhileNodesHaveBothOrOneOfThem()
    {
        var (old, fresh) = (NodeSecret.Create(), NodeSecret.Create());
        var (first, second) = (Open("a", old), Open("b", old));
        File.WriteAllLines(_folder.File("a"), [old, fresh]);
        File.WriteAllLines(_folder.File("b"), [fresh, old]);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That((first.Believe(second.Vouch(Alice, Request)!, Request), second.Believe(first.Vouch(Alice, Request)!, Request)), Is.EqualTo((Alice, Alice)));

        File.WriteAllLines(_folder.File("b"), [fresh]);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That((first.Believe(second.Vouch(Alice, Request)!, Request), second.Believe(first.Vouch(Alice, Request)!, Request)), Is.EqualTo((Alice, (Principal?)null)), "the old one is not believed where it is gone");
    }

    [TestCase("")]
    [TestCase("too short")]
    public void WhatIsNoSecretIsRefusedAndNotRepeated(string text) =>
        Assert.That(() => Open("a", text), Throws.TypeOf<ReplicaException>().With.Message.Contains("raftstream token secret").And.Message.Not.Contains("too short"));

    private NodeSecret Open(string? name, string? text)
    {
        var file = name is null ? null : _folder.Write(name, text!);
        var settings = new RaftStreamOptions { Data = _folder.File("data") }.ToSettings() with { Security = new() { NodeSecretFile = file } };
        return new(settings, _time, _said.For<NodeSecret>());
    }
}
