package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// View is a state of a page of the screen, saved under a name.
type View struct {
	Name    string    `json:"name" minLength:"1" maxLength:"100" pattern:"^[^\\x00-\\x20\\x7f/.][^\\x00-\\x1f\\x7f/]*$" example:"Cores of today"`
	Page    string    `json:"page" minLength:"1" maxLength:"50" pattern:"^[a-z][a-z0-9-]*$" example:"explore"`
	State   string    `json:"state" maxLength:"16384" doc:"The query string of the page" example:"m=cpu_core_usage&g=core"`
	SavedAt time.Time `json:"saved_at,omitzero" readOnly:"true"`
	SavedBy string    `json:"saved_by,omitempty" readOnly:"true"`
}

// ViewList are the saved views.
type ViewList struct {
	Views []View `json:"views" nullable:"false"`
}

// viewPrefix begins the keys of views, and maxViews is how many there may be.
const (
	viewPrefix = "view/"
	maxViews   = 500
)

func (s *Server) addViews(api huma.API) {
	p := part{s, api, s.deps.Views != nil, "saved views"}
	tags := []string{"screen"}
	type listOutput struct{ Body ViewList }
	registerPart(p, huma.Operation{
		OperationID: "views", Method: http.MethodGet, Path: "/api/views", Tags: tags, Summary: "Saved views of the screen",
	}, func(context.Context, *struct{}) (*listOutput, error) {
		list, err := s.views()
		return &listOutput{ViewList{list}}, err
	})
	type saveInput struct{ Body View }
	type saveOutput struct{ Body View }
	registerPart(p, huma.Operation{
		OperationID: "save-view", Method: http.MethodPost, Path: "/api/views", Tags: tags, Summary: "Save a view, or replace the one of that name",
	}, func(ctx context.Context, in *saveInput) (*saveOutput, error) {
		key := viewPrefix + in.Body.Name
		if _, there := s.deps.Views.Get(key); !there && len(s.deps.Views.List(viewPrefix)) >= maxViews {
			return nil, fault.New(fault.Limit, "%d views are saved already", maxViews).WithHint("delete one first")
		}
		view := in.Body
		view.SavedAt, view.SavedBy = time.Now().UTC().Truncate(time.Millisecond), callerOf(ctx).name
		text, err := json.Marshal(view)
		if err != nil {
			return nil, err
		}
		if err := s.deps.Views.Put(ctx, key, text); err != nil {
			return nil, err
		}
		s.audit(ctx, "view saved", "view", view.Name)
		return &saveOutput{view}, nil
	})
	type dropInput struct {
		Name string `path:"name" maxLength:"100" example:"Cores of today" doc:"The view"`
	}
	registerPart(p, huma.Operation{
		OperationID: "drop-view", Method: http.MethodDelete, Path: "/api/views/{name}", Tags: tags,
		Summary: "Forget a view", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *dropInput) (*struct{}, error) {
		if _, there := s.deps.Views.Get(viewPrefix + in.Name); !there {
			return nil, fault.New(fault.NotFound, "view %q does not exist", cut(in.Name))
		}
		if err := s.deps.Views.Put(ctx, viewPrefix+in.Name, nil); err != nil {
			return nil, err
		}
		s.audit(ctx, "view dropped", "view", in.Name)
		return nil, nil
	})
}

// views returns the saved views by name.
func (s *Server) views() ([]View, error) {
	list := []View{}
	found := s.deps.Views.List(viewPrefix)
	for _, key := range names(found) {
		var v View
		if err := json.Unmarshal(found[key], &v); err != nil {
			return nil, fault.New(fault.Corrupt, "read saved view %q: %w", key, err)
		}
		list = append(list, v)
	}
	return list, nil
}
