namespace RaftStream.Testing;

/// <summary>
/// Counters whose adds are content with the disk of whichever node is asked, and come into the log later; read tentatively through that node, and strongly. A member is a digit to the
/// base 4, added once: so a value tells how often each add is in it, up to three times, without anybody having to guess.
/// </summary>
/// <param name="concern">The concern, one of <see cref="ITestedSystem.WriteConcerns"/>.</param>
internal sealed class AvailableLoad(string concern) : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "available";

    /// <summary>The level of reads that show what waits at the node that is asked.</summary>
    public const string Tentative = "tentative";

    /// <summary>Members of one key: 0 to 29.</summary>
    public const int Members = 30;

    /// <summary>Bits of a member's digit.</summary>
    public const int Bits = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly WorkKeys<Numbers> _keys = new(LoadName, static () => new());

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Counter;

    /// <inheritdoc/>
    public IReadOnlyList<string> Keys => _keys.Names;

    /// <summary>Where each node stood when nothing waited any more, or time was up; null before <see cref="SettleAsync"/>.</summary>
    public IReadOnlyDictionary<int, NodeView>? Settled { get; private set; }

    /// <summary>The amount that stands for a member.</summary>
    public static long AmountOf(int member) => 1L << (Bits * member);

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        var key = _keys.Of(client.Group);
        var dice = client.Random.NextUnit();
        ClientCall call;
        if (dice < 0.45)
        {
            var member = (int)(key.State.Next() - 1);
            if (member >= Members)
            {
                _keys.Retire(client.Group, key);
                return;
            }

            call = new(key.Name, OperationFunction.Add, AmountOf(member)) { Concern = concern };
        }
        else
        {
            call = new(key.Name, OperationFunction.Read) { Level = dice < 0.75 ? Tentative : null };
        }

        var answer = await client.CallAsync(this, call);
        _keys.Ended(client.Group, key, answer.Kind);
    }

    /// <summary>Waits until no member of the cluster has anything left in its outbox: what is read before that proves nothing lost.</summary>
    public async Task SettleAsync(LoadClient client, CancellationToken end)
    {
        while (true)
        {
            Settled = await client.LookAtAllAsync();
            if (end.IsCancellationRequested || IsDrained(Settled))
                return;
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    /// <summary>Those whose accepted writes must come into the log: who votes by the account of the leader, or all, where that is not told; none where nobody leads.</summary>
    public static IReadOnlyList<int> MembersOf(IReadOnlyDictionary<int, NodeView> views)
    {
        var leader = views.Values.Where(static view => view.IsLeader).MaxBy(static view => view.Term);
        return leader is null ? [] : leader.Voters.Count > 0 ? leader.Voters : [.. views.Keys];
    }

    private static bool IsDrained(IReadOnlyDictionary<int, NodeView> views) =>
        MembersOf(views) is { Count: > 0 } members && members.All(node => views.TryGetValue(node, out var view) && view.AcceptedWaiting == 0);
}
