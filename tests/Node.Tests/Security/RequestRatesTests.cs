using System.Net;
using Microsoft.Extensions.Time.Testing;
using RaftStream.Hosting.Security;

namespace RaftStream.Node.Tests.Security;

/// <summary>How often a client may ask.</summary>
[TestFixture]
internal sealed class RequestRatesTests
{
    private static readonly Principal Alice = new("alice", AccessRole.Read);

    private readonly FakeTimeProvider _time = new();

    [Test]
    public void AClientHasASecondsWorthAtOnceAndThenAsManyAsTheSecondsBring()
    {
        var rates = Open(10);
        Assert.That(Taken(rates, Alice, null, 30), Is.EqualTo(10));
        Assert.That(rates.TryTake(Alice, null, out var wait), Is.False);
        Assert.That(wait, Is.EqualTo(TimeSpan.FromMilliseconds(100)).Within(TimeSpan.FromMilliseconds(1)));
        _time.Advance(TimeSpan.FromMilliseconds(350));
        Assert.That(Taken(rates, Alice, null, 30), Is.EqualTo(3));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.That(Taken(rates, Alice, null, 30), Is.EqualTo(10), "what was not asked is not saved up");
    }

    [Test]
    public void ClientsAreToldApartByWhoTheyAreElseByTheirAddress()
    {
        var rates = Open(2);
        Assert.That(Taken(rates, Alice, IPAddress.Parse("192.0.2.1"), 5), Is.EqualTo(2));
        Assert.That(Taken(rates, Alice, IPAddress.Parse("192.0.2.2"), 5), Is.Zero, "from wherever");
        Assert.That(Taken(rates, new("bob", AccessRole.Read), IPAddress.Parse("192.0.2.1"), 5), Is.EqualTo(2));
        Assert.That(Taken(rates, Principal.Anyone, IPAddress.Parse("192.0.2.1"), 5), Is.EqualTo(2));
        Assert.That(Taken(rates, Principal.Anyone, IPAddress.Parse("192.0.2.2"), 5), Is.EqualTo(2));
    }

    [Test]
    public void ManyClientsTakeNoMoreRoomThanSoMany()
    {
        var rates = Open(1);
        for (var number = 0; number < RequestRates.MaxClients; number++)
            Assert.That(Taken(rates, Principal.Anyone, new(number), 1), Is.EqualTo(1));
        Assert.That(Taken(rates, new("late", AccessRole.Read), null, 3) + Taken(rates, new("later", AccessRole.Read), null, 3), Is.EqualTo(1), "newcomers share one allowance");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Taken(rates, new("late", AccessRole.Read), null, 3) + Taken(rates, new("later", AccessRole.Read), null, 3), Is.EqualTo(2), "those that asked nothing meanwhile made room");
    }

    [Test]
    public void WithoutALimitNobodyIsCounted()
    {
        var rates = Open(0);
        Assert.That((rates.IsOff, Taken(rates, Alice, null, 100_000)), Is.EqualTo((true, 100_000)));
    }

    private static int Taken(RequestRates rates, Principal principal, IPAddress? remote, int asked) =>
        Enumerable.Range(0, asked).Count(_ => rates.TryTake(principal, remote, out TimeSpan _));

    private RequestRates Open(int perSecond) =>
        new(new RaftStreamOptions { Data = "unused" }.ToSettings() with { Security = new() { Limits = new() { RequestsPerSecond = perSecond } } }, _time);
}
