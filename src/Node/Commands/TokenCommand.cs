using System.CommandLine;
using RaftStream.Hosting.Security;

namespace RaftStream.Node.Commands;

/// <summary><c>raftstream token</c>: who may ask the nodes for what. Works on files, which then go to all nodes; running ones read them again within seconds.</summary>
internal static class TokenCommand
{
    private static readonly Option<string> Tokens = new("--file") { Description = "The file of tokens that the nodes get with --tokens; made if it is missing.", HelpName = "FILE", Required = true };
    private static readonly Option<string> Secret = new("--file") { Description = "The file to write, for --node-secret of all nodes; it must not be there yet.", HelpName = "FILE", Required = true };
    private static readonly Option<string> Name = new("--name") { Description = "Whose it is: letters, digits, dots, dashes and underscores.", HelpName = "NAME", Required = true };
    private static readonly Option<string> Role = new("--role") { Description = "What it allows: read, write (and read), or admin (everything).", HelpName = "ROLE", Required = true };

    public static Command Build()
    {
        var create = new Command("create", "Makes a token, prints it this once, and adds its hash to the file.") { Name, Role, Tokens };
        create.SetAction(Create);
        var list = new Command("list", "Prints names and roles of the tokens in the file.") { Tokens };
        list.SetAction(List);
        var revoke = new Command("revoke", "Takes a token out of the file.") { Name, Tokens };
        revoke.SetAction(Revoke);
        var secret = new Command("secret", "Writes a new secret for the nodes, by which they believe each other who asks.") { Secret };
        secret.SetAction(CreateSecret);
        return new("token", "Makes, lists and revokes the tokens with which clients ask nodes.") { create, list, revoke, secret };
    }

    private static int Create(ParseResult parsed)
    {
        var role = AccessRoles.Parse(parsed.GetRequiredValue(Role)) ?? throw new UsageException($"--role {parsed.GetValue(Role)} is none: give read, write or admin.");
        Console.Out.WriteLine(TokenFile.Add(parsed.GetRequiredValue(Tokens), parsed.GetRequiredValue(Name), role));
        return ExitCodes.Fine;
    }

    private static int List(ParseResult parsed)
    {
        foreach (var entry in TokenFile.List(parsed.GetRequiredValue(Tokens)))
            Console.Out.WriteLine($"{entry.Name} {entry.Role.NameOf()}");
        return ExitCodes.Fine;
    }

    private static int Revoke(ParseResult parsed)
    {
        TokenFile.Revoke(parsed.GetRequiredValue(Tokens), parsed.GetRequiredValue(Name));
        return ExitCodes.Fine;
    }

    private static int CreateSecret(ParseResult parsed)
    {
        var file = parsed.GetRequiredValue(Secret);
        if (File.Exists(file))
            throw new UsageException($"--file {file} is there already: give another name, a secret is never overwritten.");
        TokenFile.Write(file, [NodeSecret.Create()]);
        return ExitCodes.Fine;
    }
}
