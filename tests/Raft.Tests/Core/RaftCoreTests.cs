using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>What the core promises as a value: copies act alike and share nothing, fingerprints see no clock, no input makes it throw.</summary>
internal sealed class RaftCoreTests
{
    private static readonly CoreOptions Options = new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50), MaxInflightAppends = 3 };
    private static readonly Configuration Three = new(Enumerable.Range(1, 3).Select(id => new Member { Id = new(id), IsVoter = true, Disk = 1 }));

    [Test]
    public void A_copied_core_acts_like_the_original([Range(0, 19)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var (original, copy) = (New(1), New(99));
        var now = new Instant(0);
        var roles = new HashSet<Role>();
        for (var step = 0; step < 2_000; step++)
        {
            if (step % 50 == 0)
            {
                original.CopyTo(copy);
                Assert.That(copy.Fingerprint(), Is.EqualTo(original.Fingerprint()));
            }

            var input = RandomInput.Plausible(ref prng, original);
            now += input.Later;
            input.ApplyTo(original, now);
            input.ApplyTo(copy, now);
            Assert.That(Describe(copy), Is.EqualTo(Describe(original)), $"step {step}");
            Assert.That(copy.Fingerprint(), Is.EqualTo(original.Fingerprint()), $"step {step}");
            roles.Add(original.Role);
            ApplyAll(original);
            ApplyAll(copy);
        }

        Assert.That(roles, Does.Contain(Role.Follower).And.Contain(Role.PreCandidate), "inputs that lead nowhere prove nothing");
    }

    [Test]
    public void A_copy_shares_nothing_with_the_original([Range(0, 19)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var (original, copy) = (New(1), New(1));
        var now = new Instant(0);
        for (var step = 0; step < 500; step++)
        {
            if (step % 10 == 0)
                original.CopyTo(copy);
            var fingerprint = copy.Fingerprint();
            var input = RandomInput.Plausible(ref prng, original);
            now += input.Later;
            input.ApplyTo(original, now);
            ApplyAll(original);
            Assert.That(copy.Fingerprint(), Is.EqualTo(fingerprint), $"step {step}");
        }
    }

    [Test]
    public void A_fingerprint_does_not_see_what_the_clock_shows([Range(0, 9)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var later = TimeSpan.FromDays(400);
        var (left, right) = (New(1), New(1, new Instant(0) + later));
        var now = new Instant(0);
        for (var step = 0; step < 1_000; step++)
        {
            var input = RandomInput.Plausible(ref prng, left);
            now += input.Later;
            input.ApplyTo(left, now);
            input.ApplyTo(right, now + later);
            ApplyAll(left);
            ApplyAll(right);
            Assert.That(right.Fingerprint(), Is.EqualTo(left.Fingerprint()), $"step {step}");
        }
    }

    [Test]
    public void Cores_that_stand_differently_have_different_fingerprints()
    {
        var prng = new Prng(5);
        var core = New(1);
        var seen = new Dictionary<ulong, string>();
        var now = new Instant(0);
        for (var step = 0; step < 5_000; step++)
        {
            var input = RandomInput.Plausible(ref prng, core);
            now += input.Later;
            input.ApplyTo(core, now);
            ApplyAll(core);
            var standing = $"{core.Role} {core.Term} {core.Vote} {core.Leader} {core.Log.Last} {core.Commit} {core.Durable} {core.Applied}";
            Assert.That(seen.TryAdd(core.Fingerprint(), standing) || seen[core.Fingerprint()] == standing, standing);
        }

        Assert.That(seen, Has.Count.GreaterThan(500));
    }

    [Test]
    public void Garbage_from_peers_neither_throws_nor_lowers_term_or_commit_nor_changes_a_vote([Range(0, 39)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var core = New(1);
        var now = new Instant(0);
        for (var step = 0; step < 5_000; step++)
        {
            var before = (core.Term, core.Vote, core.Commit, core.Log.Base);
            var input = step % 3 == 0 ? RandomInput.Plausible(ref prng, core) : RandomInput.Garbage(ref prng, core);
            now += input.Later;
            input.ApplyTo(core, now);
            ApplyAll(core);
            Assert.That(core.Term, Is.GreaterThanOrEqualTo(before.Term));
            Assert.That(core.Commit, Is.GreaterThanOrEqualTo(before.Commit));
            if (core.Term == before.Term && before.Vote != NodeId.None)
                Assert.That(core.Vote, Is.EqualTo(before.Vote));
            if (core.Output.Fault != CoreFault.None || core.Term.Value > 1L << 60)
                core = New((ulong)step, now);
        }
    }

    [Test]
    public void A_message_for_another_or_from_another_folder_changes_nothing()
    {
        var core = New(1);
        var fingerprint = core.Fingerprint();
        var vote = new Message { Kind = MessageKind.Vote, From = new(2), To = new(1), Term = new(9), Disk = 1 };
        var later = new Instant(0) + TimeSpan.FromSeconds(1);
        core.Receive(later, vote with { Disk = 2 }, []);
        core.Receive(later, vote with { To = new(3) }, []);
        core.Receive(later, vote with { From = new(1) }, []);
        Assert.That(core.Fingerprint(), Is.EqualTo(fingerprint));
        core.Receive(later, vote, []);
        Assert.That(core.Term, Is.EqualTo(new Term(9)), "the same message from a peer counts");
    }

    [Test]
    public void A_report_of_applying_from_before_an_installed_snapshot_changes_nothing()
    {
        var core = New(1);
        core.Receive(new(1), new() { Kind = MessageKind.Append, From = new(2), To = new(1), Term = new(1), Count = 1, Commit = new(1), Disk = 1 }, [new(new(1), EntryKind.Noop, 0)]);
        core.LogDurable(new(2), core.Output.WriteSequence);
        Assert.That(core.Output.ApplyTo, Is.EqualTo(new LogIndex(1)));
        core.SnapshotReceived(new(3), new(new(9), new(1)), new(LogIndex.Zero, Three));
        core.AppliedTo(new(1));
        Assert.That(core.Applied, Is.EqualTo(new LogIndex(9)));
    }

    private static RaftCore New(ulong seed, Instant now = default) => new(Options, Three, new(1), CoreRecovery.Empty, seed, now);

    private static void ApplyAll(RaftCore core)
    {
        if (core.Output.ApplyTo > core.Applied)
            core.AppliedTo(core.Output.ApplyTo);
        if (core.Applied - core.Snapshot.Index > 30)
            core.SnapshotTaken(core.Log.At(core.Applied), core.Applied - 5);
    }

    private static string Describe(RaftCore core)
    {
        var output = core.Output;
        return string.Join(' ', output.Messages.ToArray()) + string.Join(' ', output.ReadsReady.ToArray()) + string.Join(' ', output.ReadsFailed.ToArray())
            + $" {output.WriteSequence} {output.HardState} {output.AppendFirst} {output.AppendCount} {output.AppendIsOwn} {output.Configuration?.Count} {output.TruncatedFrom}"
            + $" {output.Install} {output.Fetch} {output.FetchFrom} {output.ApplyTo} {output.NextDeadline} {output.Fault}";
    }
}
