using System.Globalization;
using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>A topology as text. The fingerprint is taken of it, so it tells everything that decides what commands mean.</summary>
internal static class TopologyText
{
    public static string Write(Job job)
    {
        var text = new StringBuilder();
        text.Append("job ").Append(job.Name).Append('\n');
        foreach (var node in job.Nodes)
        {
            text.Append(node.Id).Append(' ').Append(node.RunsInApply ? "replicas" : "reader  ").Append(' ').Append(node.Kind).Append(" '").Append(node.Name).Append('\'');
            if (node.Inputs.Count > 0)
                text.Append(" <- ").AppendJoin(", ", node.Inputs.Select(static input => $"'{input.Name}'"));
            if (node.Detail.Length > 0)
                text.Append(" (").Append(node.Detail).Append(')');
            text.Append('\n');
        }

        foreach (var edge in job.Ingresses)
            text.Append("log ").Append(edge.Id).Append(": '").Append(edge.From.Name).Append("' -> '").Append(edge.Into.Name).Append("' (").Append(edge.Layout).Append(")\n");
        foreach (var table in job.Tables.Values.OrderBy(static table => table.Name, StringComparer.Ordinal))
            text.Append("table '").Append(table.Name).Append("' of '").Append(table.Node.Name).Append("'\n");
        text.Append("limits ").Append(job.Options.MaxStateBytes).Append(" bytes of state, ").Append(job.Options.MaxWaitingOutputs).Append(" waiting outputs, ").Append(job.Options.MaxTimersPerCommand).Append(" timers a command\n");
        return text.ToString();
    }

    /// <summary>What each sink promises and where its outputs go. Apart from the rest: no words of ours may change the meaning of a log.</summary>
    public static string WriteGuarantees(Job job)
    {
        var text = new StringBuilder();
        foreach (var node in job.Nodes.Where(static node => node.Guarantee is not null))
        {
            text.Append("sink '").Append(node.Name).Append('\'');
            if (node is SinkNode { Outlet: { } outlet })
                text.Append(' ').Append(outlet.Place);
            text.Append(": ").Append(node.Guarantee).Append('\n');
        }

        return text.ToString();
    }
}

/// <summary>A topology as a flow chart: what runs at the reader and what on the replicas in a box each, and the log between them.</summary>
internal static class TopologyMermaid
{
    public static string Write(Job job)
    {
        var text = new StringBuilder("flowchart LR\n");
        WriteBox(text, "reader", "at the reader", job.Nodes.Where(static node => !node.RunsInApply));
        WriteBox(text, "replicas", "on every replica", job.Nodes.Where(static node => node.RunsInApply));
        foreach (var node in job.Nodes)
        {
            foreach (var input in node.Inputs)
                text.Append("  n").Append(input.Id).Append(!input.RunsInApply && node.RunsInApply ? " ==>|log| n" : " --> n").Append(node.Id).Append('\n');
        }

        return text.ToString();
    }

    private static void WriteBox(StringBuilder text, string id, string title, IEnumerable<TopologyNode> nodes)
    {
        text.Append("  subgraph ").Append(id).Append("[\"").Append(title).Append("\"]\n");
        foreach (var node in nodes)
            text.Append("    n").Append(node.Id).Append("[\"").Append(Escape(node.Name)).Append("<br/>").Append(Escape(node.Kind)).Append("\"]\n");
        text.Append("  end\n");
    }

    /// <summary>What could have a meaning in a chart stands as the code of its character: quotes end a label, &lt; begins a tag, # and ; a code, ` a text with styles.</summary>
    private static string Escape(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || rune.Value is ' ' or '-' or '_' or '.' or ',' or '(' or ')')
                text.Append(rune.ToString());
            else
                text.Append(CultureInfo.InvariantCulture, $"#{rune.Value};");
        }

        return text.ToString();
    }
}
