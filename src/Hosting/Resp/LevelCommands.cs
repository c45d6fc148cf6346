using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.Resp;

/// <summary>What a connection's reads promise and what its writes wait for: RS.CONSISTENCY, RS.CONCERN, RS.REDIRECT, RS.TOKEN. One a connection.</summary>
internal sealed class LevelCommands(RespSession session, RespStore store, RespWriter writer)
{
    /// <summary>RS.CONSISTENCY [level]: sets it, or tells it.</summary>
    public void Consistency(in RespCommand command)
    {
        if (command.Count == 1)
            writer.Bulk(session.Level.ToString());
        else if (TryLevel(command, out var level, out var problem))
        {
            session.Level = level;
            writer.Simple("OK");
        }
        else
        {
            writer.Error(problem);
        }
    }

    /// <summary>RS.CONCERN [concern]: sets it, or tells it.</summary>
    public void Concern(in RespCommand command)
    {
        WriteConcern? concern = command.Count switch
        {
            2 when command.Is(1, "quorum"u8) => WriteConcern.Quorum,
            2 when command.Is(1, "leader"u8) => WriteConcern.Leader,
            2 when command.Is(1, "available"u8) => WriteConcern.Available,
            _ => null,
        };
        if (command.Count == 1)
            writer.Bulk(session.Concern.ToString().ToLowerInvariant());
        else if (concern is null)
            writer.Error("ERR a concern is QUORUM, LEADER or AVAILABLE");
        else
        {
            session.Concern = concern.Value;
            writer.Simple("OK");
        }
    }

    /// <summary>RS.REDIRECT ON or OFF.</summary>
    public void Redirect(in RespCommand command)
    {
        if (!command.Is(1, "on"u8) && !command.Is(1, "off"u8))
        {
            writer.Error("ERR say ON or OFF");
            return;
        }

        session.IsRedirected = command.Is(1, "on"u8);
        writer.Simple("OK");
    }

    /// <summary>RS.TOKEN: what the connection has seen; before it has seen anything, the beginning.</summary>
    public void Token()
    {
        if (store.Running is not { } running)
            writer.Error(RespErrors.Starting);
        else
            writer.Bulk((session.Seen == default ? new ReadToken(running.Node.Status.Incarnation, LogIndex.Zero) : session.Seen).ToString());
    }

    private static bool TryLevel(in RespCommand command, out RespLevel level, out string problem)
    {
        (level, problem) = (default, "");
        switch (command.Count)
        {
            case 2 when command.Is(1, "linearizable"u8):
                return true;
            case 2 when command.Is(1, "lease"u8):
                level = new(RespLevelKind.Lease);
                return true;
            case 2 when command.Is(1, "eventual"u8):
                level = new(RespLevelKind.Eventual);
                return true;
            case 2 when command.Is(1, "session"u8):
                level = new(RespLevelKind.Session);
                return true;
            case 3 when command.Is(1, "session"u8) && ReadToken.TryParse(command.Text(2), out var token):
                level = new(RespLevelKind.Session, Token: token);
                return true;
            case 3 when command.Is(1, "bounded"u8) && DataRun.TryNumber(command.Span(2), out var age) && age is >= 1 and <= ReadLevel.MostAgeMs:
                level = new(RespLevelKind.Bounded, TimeSpan.FromMilliseconds(age));
                return true;
            default:
                problem = $"ERR a level is LINEARIZABLE, LEASE, BOUNDED with 1 to {ReadLevel.MostAgeMs} milliseconds, SESSION alone or with a token of RS.TOKEN, or EVENTUAL";
                return false;
        }
    }
}
