using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class TransferTests
{
    private static readonly CoreOptions Options = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50) };
    private static readonly Configuration Three = new([new(1), new(2), new(3)]);
    private static readonly Instant Now = new(5_000_000_000);

    private Transfer _transfer = null!;

    [SetUp]
    public void A_hand_over_to_2() => (_transfer = new(Options)).Begin(new(2), Now);

    [Test]
    public void It_is_given_up_after_an_election_timeout_and_the_lease_stays_given_up()
    {
        _transfer.Tick(Three, Now + Options.ElectionTimeout - TimeSpan.FromTicks(1));
        Assert.That((_transfer.Target, _transfer.GaveLeaseUp), Is.EqualTo((new NodeId(2), true)));
        _transfer.Tick(Three, Now + Options.ElectionTimeout);
        Assert.That((_transfer.IsUnderWay, _transfer.GaveLeaseUp, _transfer.Failed), Is.EqualTo((false, true, new NodeId(2))));
        _transfer.Reset();
        Assert.That(_transfer.GaveLeaseUp, Is.False, "another term has a lease of its own");
    }

    [Test]
    public void It_ends_where_the_target_is_no_voter_any_more()
    {
        _transfer.Tick(new([new(1), new(3)]), Now);
        Assert.That(_transfer.IsUnderWay, Is.False);
    }

    [Test]
    public void The_target_is_told_once_between_heartbeats()
    {
        _transfer.IsTold = true;
        _transfer.Tick(Three, Now);
        Assert.That(_transfer.IsTold, Is.False);
    }

    [Test]
    public void Each_hand_over_of_the_leaders_own_accord_waits_twice_as_long_as_the_one_before_across_terms_too()
    {
        var now = Now;
        var pauses = new List<double>();
        for (var round = 0; round < 10; round++)
        {
            _transfer.Begin(new(2), now);
            pauses.Add((_transfer.AgainAt - now) / Options.ElectionTimeout);
            _transfer.Reset();
            now = _transfer.AgainAt;
        }

        Assert.That(pauses, Is.EqualTo(new double[] { 8, 16, 32, 64, 128, 256, 256, 256, 256, 256 }).Within(0.001));
        now += 2_000 * Options.ElectionTimeout;
        _transfer.Begin(new(2), now);
        Assert.That((_transfer.AgainAt - now) / Options.ElectionTimeout, Is.EqualTo(4).Within(0.001), "a long calm is forgiven");
    }
}
