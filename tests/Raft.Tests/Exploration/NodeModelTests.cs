using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Exploration;

/// <summary>What the search rests on: a node's fingerprint tells all that decides what it will do.</summary>
internal sealed class NodeModelTests
{
    private static readonly ExplorerOptions Options = new() { Nodes = 3, Terms = 6, Entries = 4, Crashes = 2 };

    [Test]
    public void Nodes_with_equal_fingerprints_answer_everything_alike_however_they_got_there([Range(0, 7)] int seed)
    {
        var random = new SimRandom((ulong)seed);
        var renamings = Renaming.All(Options);
        var messages = new KnownMessages(Options, renamings);
        var seen = new Dictionary<ulong, NodeModel>();
        var compared = 0;
        for (var run = 0; run < 60; run++)
        {
            var nodes = Enumerable.Range(1, Options.Nodes).Select(id => new NodeModel(Options, id, (seed + id + run) % 3)).ToArray();
            var pool = new List<int>();
            for (var step = 0; step < 120; step++)
            {
                var node = random.Below(nodes.Length);
                var input = Draw(random, nodes[node], node + 1, pool, messages);
                var fingerprint = nodes[node].Fingerprint();
                if (!seen.TryAdd(fingerprint, nodes[node].Clone()))
                {
                    var other = seen[fingerprint].Clone();
                    Apply(other, input, messages);
                    Apply(nodes[node], input, messages);
                    Assert.That(other.Fingerprint(), Is.EqualTo(nodes[node].Fingerprint()), $"run {run}, step {step}: {input}");
                    Assert.That(other.Sent.Select(KnownMessages.HashOf), Is.EqualTo(nodes[node].Sent.Select(KnownMessages.HashOf)), $"run {run}, step {step}: {input}");
                    compared++;
                }
                else
                {
                    Apply(nodes[node], input, messages);
                }

                pool.AddRange(nodes[node].Sent.Select(messages.IdOf));
            }
        }

        Assert.That(compared, Is.GreaterThan(1_000), "where no state comes twice, nothing is compared");
    }

    [Test]
    public void A_clone_goes_its_own_way()
    {
        var node = new NodeModel(Options, 1, 1);
        var before = node.Fingerprint();
        var clone = node.Clone();
        Assert.That(clone.Fingerprint(), Is.EqualTo(before));
        clone.Apply(new(NodeInputKind.Timeout, 2, 0), null);
        Assert.That(node.Fingerprint(), Is.EqualTo(before));
        Assert.That(clone.Fingerprint(), Is.Not.EqualTo(before));
        Assert.That(clone.Facts().Role, Is.EqualTo(Role.Candidate), "a pre-vote is granted as it is asked");
    }

    [Test]
    public void A_crash_takes_what_was_not_on_disk_and_nothing_else()
    {
        var leader = Leader(crashes: 1);
        Assert.That(leader.HasWrites, Is.True, "the entry that opens the term is on its way to the disk");
        leader.Apply(new(NodeInputKind.Crash, 0, 0), null);
        var facts = leader.Facts();
        Assert.That((facts.Term, facts.DurableVote, facts.Log.Length, facts.Role, facts.CrashesLeft), Is.EqualTo((1, 1, 0, Role.Follower, 0)));

        var careful = Leader(crashes: 1);
        careful.Apply(new(NodeInputKind.Sync, 0, 0), null);
        careful.Apply(new(NodeInputKind.Crash, 0, 0), null);
        Assert.That(careful.Facts().Log.Length, Is.EqualTo(1));
    }

    [Test]
    public void Packed_logs_match_where_one_entry_has_one_past()
    {
        var (one, two) = (Pack(1, 1, 2), Pack(1, 1, 3));
        Assert.That(one.CommonWith(two), Is.EqualTo(2));
        Assert.That(one.Matches(two), Is.True);
        Assert.That(Pack(1, 2, 3).Matches(Pack(2, 2, 3)), Is.False);
        Assert.That(one.First(2), Is.EqualTo(Pack(1, 1)));
        Assert.That(one.First(9), Is.EqualTo(one));
        Assert.That(one.CommonWith(Pack()), Is.Zero);
        Assert.That(two.ToString(), Is.EqualTo("[1@1 2@1 3@3]"));
    }

    private static PackedLog Pack(params int[] terms) =>
        terms.Aggregate(default(PackedLog), static (log, term) => log.With(new(new(term), EntryKind.Command, 1)));

    private static NodeModel Leader(int crashes)
    {
        var node = new NodeModel(Options, 1, crashes);
        node.Apply(new(NodeInputKind.Timeout, 2, 0), null);
        var vote = new Message { Kind = MessageKind.VoteReply, From = new(2), To = new(1), Term = new(1), Accepted = true, Disk = 2 };
        node.Apply(new(NodeInputKind.Deliver, 0, 0), new(0, new(vote, []), 0));
        Assert.That(node.Facts().Role, Is.EqualTo(Role.Leader));
        return node;
    }

    private static NodeInput Draw(SimRandom random, NodeModel node, int id, List<int> pool, KnownMessages messages)
    {
        var facts = node.Facts();
        var mine = pool.FindAll(message => messages[message].To == id - 1);
        if (facts.HasWrites && random.Below(2) == 0)
            return new(NodeInputKind.Sync, 0, 0);
        if (mine.Count > 0 && random.Below(4) != 0)
            return new(NodeInputKind.Deliver, 0, mine[random.Below(mine.Count)]);
        if (facts.CrashesLeft > 0 && random.Below(30) == 0)
            return new(NodeInputKind.Crash, 0, 0);
        if (facts.Role == Role.Leader && facts.Log.Length < 10)
            return new(random.Below(2) == 0 ? NodeInputKind.Propose : NodeInputKind.Beat, 0, 0);
        if (facts.Term < Options.Terms && random.Below(3) == 0)
            return new(NodeInputKind.Timeout, (id % Options.Nodes) + 1, 0);
        return new(NodeInputKind.Notice, (id % Options.Nodes) + 1, facts.Term);
    }

    private static void Apply(NodeModel node, NodeInput input, KnownMessages messages) =>
        node.Apply(input, input.Kind == NodeInputKind.Deliver ? messages[input.Argument] : null);
}
