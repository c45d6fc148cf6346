namespace RaftStream.Hosting.Resp;

/// <summary>COMMAND: which commands there are, for the prompts and clients that ask.</summary>
internal static class CommandCommands
{
    private static readonly string[] s_noFlags = [];

    /// <summary>Answers COMMAND and what may stand behind it.</summary>
    public static void Answer(in RespCommand command, RespWriter writer)
    {
        if (command.Count == 1)
            All(writer);
        else if (command.Is(1, "count"u8) && command.Count == 2)
            writer.Integer(CommandTable.Commands.Count);
        else if (command.Is(1, "docs"u8))
            Docs(command, writer);
        else if (command.Is(1, "info"u8) && command.Count == 2)
            All(writer);
        else if (command.Is(1, "info"u8))
            Some(command, writer);
        else if (command.Is(1, "list"u8) && command.Count == 2)
            List(writer);
        else
            writer.Error(RespErrors.Subcommand(command));
    }

    private static void All(RespWriter writer)
    {
        writer.Array(CommandTable.Commands.Count);
        foreach (var spec in CommandTable.Commands)
            Describe(spec, writer);
    }

    private static void Some(in RespCommand command, RespWriter writer)
    {
        writer.Array(command.Count - 2);
        for (var i = 2; i < command.Count; i++)
        {
            if (CommandTable.Find(command.Span(i)) is { } spec)
                Describe(spec, writer);
            else
                writer.Null();
        }
    }

    private static void List(RespWriter writer)
    {
        writer.Array(CommandTable.Commands.Count);
        foreach (var spec in CommandTable.Commands)
            writer.Bulk(spec.Name);
    }

    private static void Docs(in RespCommand command, RespWriter writer)
    {
        List<CommandSpec> wanted = [];
        for (var i = 2; i < command.Count; i++)
        {
            if (CommandTable.Find(command.Span(i)) is { } spec)
                wanted.Add(spec);
        }

        if (command.Count == 2)
            wanted.AddRange(CommandTable.Commands);
        writer.Map(wanted.Count);
        foreach (var spec in wanted)
        {
            writer.Bulk(spec.Name);
            writer.Map(4);
            Pair("summary", spec.Summary);
            Pair("since", "1.0.0");
            Pair("group", spec.Group);
            Pair("complexity", spec.Keys.First == 0 ? "O(1)" : "O(N) where N is the number of keys.");
        }

        void Pair(string key, string value)
        {
            writer.Bulk(key);
            writer.Bulk(value);
        }
    }

    // Name, arity, flags, first key, last key, step, and four lists that Redis 7 has besides: categories, tips, key specifications, subcommands.
    private static void Describe(CommandSpec spec, RespWriter writer)
    {
        writer.Array(10);
        writer.Bulk(spec.Name);
        writer.Integer(spec.Arity);
        Words(writer, spec.Flags.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        writer.Integer(spec.Keys.First);
        writer.Integer(spec.Keys.Last);
        writer.Integer(spec.Keys.Step);
        Words(writer, ["@" + (spec.Role >= Security.AccessRole.Write ? "write" : "read")]);
        for (var i = 0; i < 3; i++)
            Words(writer, s_noFlags);
    }

    private static void Words(RespWriter writer, string[] words)
    {
        writer.Array(words.Length);
        foreach (var word in words)
            writer.Simple(word);
    }
}
