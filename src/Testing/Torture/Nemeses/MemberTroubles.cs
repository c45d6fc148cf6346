namespace RaftStream.Testing;

/// <summary>The members change, and leadership is handed over, while clients work.</summary>
/// <param name="admin">Does it; null where the system has no such changes.</param>
/// <param name="isChange">Whether members change, or leadership goes to another one.</param>
internal sealed class MemberTroubles(IMemberAdmin? admin, bool isChange) : INemesis
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public string Name => isChange ? "members" : "transfer";

    public string? WhyNot(Field field) => admin is null ? $"{field.System.Name} has no changes of members that the lab knows." : null;

    public Task<Strike?> StrikeAsync(Field field, SimRandom random) => isChange ? ChangeAsync(field, random) : TransferAsync(field);

    /// <summary>
    /// Takes out of the cluster whatever votes there, by the leader's account, and is not in service any more: a removal that was not to be had in time is
    /// owed. False: nobody leads, or it cannot be had now either, so that whoever takes away another node may take away the majority.
    /// </summary>
    public static async Task<bool> TidyAsync(Field field, IMemberAdmin admin)
    {
        using var patience = new CancellationTokenSource(Patience);
        if (field.Watch.Leader is not { } leader || field.Watch.ViewOf(leader) is not { } view)
            return false;
        foreach (var gone in view.Voters.Except(field.Members))
        {
            if (!await admin.RemoveAsync(field.Addresses, gone, patience.Token))
                return false;
        }

        return true;
    }

    /// <summary>Starts a new node and makes it a voter; the number of the node, or null if that was not to be had.</summary>
    public static async Task<int?> GrowAsync(Field field, IMemberAdmin admin, CancellationToken patience)
    {
        var node = field.Driver.AddNode();
        field.Driver.Start(node);
        var address = field.Driver.SharedAddress(node, field.System.PeerPorts[0]);
        if (!await admin.AddAsync(field.Addresses, node, address, patience))
        {
            // Nobody knows whether the cluster counts on it: taken out of the configuration first, and then switched off.
            await admin.RemoveAsync(field.Addresses, node, CancellationToken.None);
            await field.Driver.KillAsync(node);
            return null;
        }

        field.Joined(node);
        return node;
    }

    /// <summary>One more, and then one less: another one than came, as often as not.</summary>
    private async Task<Strike?> ChangeAsync(Field field, SimRandom random)
    {
        if (!await TidyAsync(field, admin!))
            return null;
        using var patience = new CancellationTokenSource(Patience);
        var leaves = field.Driver.CutsNewcomers && random.Chance(0.3) ? field.DrawOne(random) : 0;
        if (await GrowAsync(field, admin!, patience.Token) is not { } came)
            return null;
        if (leaves == 0)
            leaves = came;
        return new($"{came} comes, {leaves} goes", [came, leaves], LeaveAsync, static () => Task.FromResult(true)) { AtLeast = TimeSpan.FromSeconds(1) };

        async Task LeaveAsync()
        {
            using var limit = new CancellationTokenSource(Patience);
            if (!await admin!.RemoveAsync(field.Addresses, leaves, limit.Token))
                return; // It stays: the cluster is larger than it began.
            field.Left(leaves);
            await field.Driver.KillAsync(leaves);
        }
    }

    private async Task<Strike?> TransferAsync(Field field)
    {
        using var patience = new CancellationTokenSource(Patience);
        var before = field.Watch.Leader;
        var done = await admin!.TransferAsync(field.Addresses, patience.Token);
        var moved = done && await field.Watch.HoldsAsync(() => field.Watch.Leader is { } leader && leader != before, TimeSpan.FromSeconds(2));
        return new($"leadership from {before}", before is { } node ? [node] : [], static () => Task.CompletedTask, () => Task.FromResult(moved)) { IsOver = true };
    }
}
