using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Commands;

/// <summary><c>raftstream members</c>: who belongs to the cluster, and changing that while it runs.</summary>
internal static class MembersCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    // Adding a member is followed by an entry of the leader's own, with the new member's disk: no reason to bother anybody.
    private static readonly TimeSpan ChangePatience = TimeSpan.FromSeconds(3);

    private static readonly Argument<int> Id = new("ID") { Description = "The member's id." };
    private static readonly Argument<string> NewAddress = new("ADDRESS") { Description = "Where the other nodes dial it, host:port." };
    private static readonly Option<string?> Address = new("--address") { Description = "Where the other nodes dial it from now on.", HelpName = "host:port" };
    private static readonly Option<int?> Priority = new("--priority") { Description = "Who of those that could lead should: the larger, the rather; 0 to 255 (usually 100).", HelpName = "N" };
    private static readonly Option<int> With = new("--with") { Description = "The learner that takes its vote.", HelpName = "ID2", Required = true };
    private static readonly Option<long?> Expect = new("--expect") { Description = "Refuse if the members changed since the list with this index.", HelpName = "INDEX" };
    private static readonly Option<bool> Wait = new("--wait") { Description = "Wait until the learner has caught up." };
    private static readonly Option<int> Limit = new("--timeout") { Description = "How many seconds --wait waits (default 60).", HelpName = "S", DefaultValueFactory = _ => 60 };

    public static Command Build()
    {
        var list = new Command("list", "Prints the members by the leader's account.") { ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json };
        list.SetAction(ListAsync);
        var add = Changing("add", "Adds a member that gets the log and does not vote yet.", [Id, NewAddress], Priority);
        add.SetAction(AddAsync);
        var promote = Changing("promote", "Gives a learner that has caught up a vote.", [Id], Wait, Limit);
        promote.SetAction((parsed, stop) => ChangeAsync(parsed, HttpMethod.Post, $"/{Number(parsed)}/promote", null, "votes", stop));
        var remove = Changing("remove", "Removes a member; the leader itself, too, which hands over.", [Id]);
        remove.SetAction((parsed, stop) => ChangeAsync(parsed, HttpMethod.Delete, $"/{Number(parsed)}", null, "is no member any more", stop));
        var replace = Changing("replace", "Gives a voter's vote to a learner that has caught up, in one step; the voter leaves.", [Id], With, Wait, Limit);
        replace.SetAction(ReplaceAsync);
        var update = Changing("update", "Changes a member's address or priority.", [Id], Address, Priority);
        update.SetAction(UpdateAsync);
        return new("members", "Shows and changes the members of a running cluster.") { list, add, promote, remove, replace, update };
    }

    private static Command Changing(string name, string description, Argument[] arguments, params Option[] options)
    {
        var command = new Command(name, description);
        foreach (var argument in arguments)
            command.Add(argument);
        foreach (var option in options.Concat([Expect, ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json]))
            command.Add(option);
        return command;
    }

    private static async Task<int> ListAsync(ParseResult parsed, CancellationToken stop)
    {
        using var cluster = ClientCommand.Connect(parsed);
        var members = await cluster.ReadAsync((node, patience) => node.MembersAsync(patience, stop), stop);
        if (parsed.GetValue(ClientCommand.Json))
            Console.Out.WriteLine(JsonSerializer.Serialize(members, NodeJson.Default.MembersJson));
        else
            MembersText.Write(members);
        return ExitCodes.Fine;
    }

    private static async Task<int> AddAsync(ParseResult parsed, CancellationToken stop)
    {
        var (id, address) = (Number(parsed), Checked(parsed.GetRequiredValue(NewAddress), "ADDRESS"));
        var body = new AddMemberBody(id, address, PriorityOf(parsed));
        var code = await ChangeAsync(parsed, HttpMethod.Post, "", () => JsonContent.Create(body, NodeJson.Default.AddMemberBody), "is a learner", stop);
        if (parsed.GetValue(ClientCommand.Json))
            return code;
        using var cluster = ClientCommand.Connect(parsed);
        var members = await cluster.ReadAsync((node, patience) => node.MembersAsync(patience, stop), stop);
        var incarnation = members.Incarnation == 0 ? "" : $" --incarnation {members.Incarnation}";
        Console.Out.WriteLine($"start it:          raftstream node --join --id {id} --listen {address} --cluster-id NAME{incarnation} --data DIR --http HOST:PORT");
        Console.Out.WriteLine($"give it a vote:    raftstream members promote {id} --wait");
        return code;
    }

    private static Task<int> ReplaceAsync(ParseResult parsed, CancellationToken stop)
    {
        var with = parsed.GetRequiredValue(With);
        return ChangeAsync(
            parsed, HttpMethod.Post, $"/{Number(parsed)}/replace", () => JsonContent.Create(new ReplaceMemberBody(with), NodeJson.Default.ReplaceMemberBody), $"has made way for node {with}", stop);
    }

    private static Task<int> UpdateAsync(ParseResult parsed, CancellationToken stop)
    {
        var address = parsed.GetValue(Address) is { } text ? Checked(text, "--address") : null;
        var body = new UpdateMemberBody(address, PriorityOf(parsed));
        if (body is { Address: null, Priority: null })
            throw new UsageException("There is nothing to change: give --address, --priority or both.");
        return ChangeAsync(parsed, HttpMethod.Patch, $"/{Number(parsed)}", () => JsonContent.Create(body, NodeJson.Default.UpdateMemberBody), "is changed", stop);
    }

    private static async Task<int> ChangeAsync(ParseResult parsed, HttpMethod method, string path, Func<HttpContent>? body, string done, CancellationToken stop)
    {
        if (parsed.GetValue(Expect) is { } expected)
            path += "?expect=" + expected.ToString(CultureInfo.InvariantCulture);
        using var cluster = ClientCommand.Connect(parsed);
        var patience = parsed.CommandResult.GetResult(Wait) is not null && parsed.GetValue(Wait) ? TimeSpan.FromSeconds(parsed.GetValue(Limit)) : TimeSpan.Zero;
        var start = Stopwatch.GetTimestamp();
        ChangeJson? changed = null;
        while (changed is null)
        {
            try
            {
                changed = await cluster.WriteAsync((node, attempt) => node.ChangeMembersAsync(method, path, body?.Invoke(), attempt, stop), stop);
            }
            catch (RefusedException refused) when (Stopwatch.GetElapsedTime(start) < PatienceFor(refused, patience))
            {
                await Task.Delay(Pause, stop);
            }
        }

        Console.Out.WriteLine(parsed.GetValue(ClientCommand.Json)
            ? JsonSerializer.Serialize(changed, NodeJson.Default.ChangeJson)
            : $"node {Number(parsed)} {done}, as of entry {changed.Index}");
        return ExitCodes.Fine;
    }

    private static TimeSpan PatienceFor(RefusedException refused, TimeSpan wait) => refused.Code switch
    {
        ProblemCodes.LearnerBehind => wait,
        ProblemCodes.ChangeUnderWay => wait > ChangePatience ? wait : ChangePatience,
        _ => TimeSpan.Zero,
    };

    private static int Number(ParseResult parsed)
    {
        var id = parsed.GetValue(Id);
        return id is >= 1 and <= NodeId.MaxValue ? id : throw new UsageException($"The ID {id} is none: ids go from 1 to {NodeId.MaxValue}.");
    }

    private static int? PriorityOf(ParseResult parsed)
    {
        var priority = parsed.GetValue(Priority);
        return priority is null or (>= 0 and <= 255) ? priority : throw new UsageException($"--priority {priority} is not possible: give a number from 0 to 255.");
    }

    private static string Checked(string address, string what) => Addresses.Format(Addresses.Parse(address, what, allowPortZero: false));
}

/// <summary><c>raftstream transfer</c>: another node leads next.</summary>
internal static class TransferCommand
{
    private static readonly Option<int?> To = new("--to") { Description = "Who leads next (default: the voter with the highest priority and the longest log).", HelpName = "ID" };

    public static Command Build()
    {
        var command = new Command("transfer", "Hands leadership over to another voter.") { To, ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var to = parsed.GetValue(To);
        if (to is < 1 or > NodeId.MaxValue)
            throw new UsageException($"--to {to} is not possible: ids go from 1 to {NodeId.MaxValue}.");
        using var cluster = ClientCommand.Connect(parsed);
        var done = await cluster.WriteAsync((node, patience) => node.TransferAsync(to, patience, stop), stop);
        Console.Out.WriteLine(parsed.GetValue(ClientCommand.Json)
            ? JsonSerializer.Serialize(done, NodeJson.Default.TransferJson)
            : done.Leader is { } leader ? $"node {leader} leads, before that node {done.From}" : $"node {done.From} handed over and has not heard from the next leader yet");
        return ExitCodes.Fine;
    }
}
